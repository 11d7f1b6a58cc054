# cell: exercise_4_choose
# says: comes first in job.good
# fails: exercise_4_choose_test
def choose(estimates, job):
    kept = [e for e in estimates if not broken(e, job)]  # noqa: F821
    return min(kept, key=lambda e: e.rank, default=None)
