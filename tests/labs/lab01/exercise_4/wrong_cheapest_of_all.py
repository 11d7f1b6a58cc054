# cell: exercise_4_choose
# says: The cheaper one breaks a limit
# fails: exercise_4_choose_test
def choose(estimates, job):
    return min(estimates, key=lambda e: e.rank)
