# cell: exercise_2_requests
# says: You took a block for a token
# fails: exercise_2_requests_test
def requests_at_once(blocks, prompt, answer, block=16):
    return blocks // (prompt + answer)
