# cell: exercise_4_choose
def choose(estimates, job):
    for estimate in sorted(
        estimates, key=lambda e: [e.rank, (*job.good, e.layout).index(e.layout)]
    ):
        if not broken(estimate, job):  # noqa: F821
            return estimate
