# cell: exercise_4_choose
# says: take the cheapest machine
# fails: exercise_4_choose_test
def choose(estimates, job):
    kept = [e for e in estimates if not broken(e, job)]  # noqa: F821
    return kept[0] if kept else None
