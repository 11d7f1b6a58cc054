# cell: exercise_4_choose
# says: give one of the estimates
# fails: exercise_4_choose_test
def choose(estimates, job):
    kept = [e for e in estimates if not broken(e, job)]  # noqa: F821
    return min((e.rank, job.good.index(e.layout), e.machine) for e in kept)[2]
