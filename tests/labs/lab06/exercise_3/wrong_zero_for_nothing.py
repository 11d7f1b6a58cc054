# cell: exercise_3_vote
# says: where nothing was found, give None
# fails: exercise_3_vote_test
def vote(found):
    results = [result for result in found if result is not None]
    return max(results, key=results.count, default=0.0)
