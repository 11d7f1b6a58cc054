# cell: exercise_3_vote
# says: Count how often each result was found
# fails: exercise_3_vote_test
def vote(found):
    return next((result for result in found if result is not None), None)
