# cell: exercise_4_choose
# says: choose gave None, but
# fails: exercise_4_choose_test
def choose(estimates, job):
    kept = [e for e in estimates if not broken(e, job)]  # noqa: F821
    print(kept)
