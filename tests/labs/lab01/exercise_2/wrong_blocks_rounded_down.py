# cell: exercise_2_requests
# says: round its blocks up
# fails: exercise_2_requests_test
def requests_at_once(blocks, prompt, answer, block=16):
    return blocks // ((prompt + answer) // block)
