# cell: exercise_3_vote
# says: the one that was found first wins
# fails: exercise_3_vote_test
# hidden: exercise_3_vote_test
def vote(found):
    results = sorted(result for result in found if result is not None)
    return max(results, key=results.count, default=None)
