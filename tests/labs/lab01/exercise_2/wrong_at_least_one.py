# cell: exercise_2_requests
# says: gave 1 and 0 is right
# fails: exercise_2_requests_test
# hidden: exercise_2_requests_test
def requests_at_once(blocks, prompt, answer, block=16):
    return max(1, blocks // math.ceil((prompt + answer) / block))  # noqa: F821
