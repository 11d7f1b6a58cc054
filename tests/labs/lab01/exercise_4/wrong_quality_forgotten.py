# cell: exercise_4_broken
# says: layout is in job.good
# fails: exercise_4_broken_test exercise_4_choose_test
def broken(estimate, job):
    found = []
    speed = estimate.tokens_per_second * job.efficiency / job.users
    if estimate.layout not in job.good:
        pass
    if estimate.requests < job.users:
        found.append("memory")
    if speed < job.speed:
        found.append("speed")
    if estimate.prefill / job.efficiency > job.first:
        found.append("first token")
    return found
