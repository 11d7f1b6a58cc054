# cell: exercise_3_vote
# says: vote([]) stopped with IndexError
# fails: exercise_3_vote_test
# hidden: exercise_3_vote_test
def vote(found):
    best = found[0]
    for result in found:
        if best is None or (result is not None and found.count(result) > found.count(best)):
            best = result
    return best
