# cell: exercise_4_broken
# says: names 'ttft'
# fails: exercise_4_broken_test
def broken(estimate, job):
    found = []
    speed = estimate.tokens_per_second * job.efficiency / job.users
    if estimate.layout not in job.good:
        found.append("quality")
    if estimate.requests < job.users:
        found.append("memory")
    if speed < job.speed:
        found.append("speed")
    if estimate.prefill / job.efficiency > job.first:
        found.append("ttft")
    return found
