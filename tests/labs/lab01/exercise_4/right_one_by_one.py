# cell: exercise_4_broken
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
        found.append("first token")
    return found
