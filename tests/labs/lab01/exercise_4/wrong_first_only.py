# cell: exercise_4_broken
# says: stopped at the first broken limit
# fails: exercise_4_broken_test
def broken(estimate, job):
    speed = estimate.tokens_per_second * job.efficiency / job.users
    if estimate.layout not in job.good:
        return ["quality"]
    if estimate.requests < job.users:
        return ["memory"]
    if speed < job.speed:
        return ["speed"]
    return ["first token"] if estimate.prefill / job.efficiency > job.first else []
