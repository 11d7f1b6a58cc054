# cell: exercise_3_vote
# says: 0 is a result like any other
# fails: exercise_3_vote_test
# hidden: exercise_3_vote_test
def vote(found):
    votes = Counter(result for result in found if result)  # noqa: F821
    return max(votes, key=votes.get, default=None)
