# cell: exercise_4_choose
# says: choose stopped with ValueError
# fails: exercise_4_choose_test
# hidden: exercise_4_choose_test
def choose(estimates, job):
    kept = [e for e in estimates if not broken(e, job)]  # noqa: F821
    return min(kept, key=lambda e: (e.rank, job.good.index(e.layout)))
