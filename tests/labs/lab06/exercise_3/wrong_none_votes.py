# cell: exercise_3_vote
# says: None does not vote
# fails: exercise_3_vote_test
def vote(found):
    return Counter(found).most_common(1)[0][0] if found else None  # noqa: F821
