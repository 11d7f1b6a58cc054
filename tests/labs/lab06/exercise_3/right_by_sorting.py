# cell: exercise_3_vote
def vote(found):
    results = [result for result in found if result is not None]
    ranked = sorted(results, key=lambda result: (-results.count(result), results.index(result)))
    return ranked[0] if ranked else None
