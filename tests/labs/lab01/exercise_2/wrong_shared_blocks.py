# cell: exercise_2_requests
# says: as if two requests could share
# fails: exercise_2_requests_test
def requests_at_once(blocks, prompt, answer, block=16):
    return blocks * block // (prompt + answer)
