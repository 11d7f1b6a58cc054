# cell: exercise_2_requests
# says: You left out the answer
# fails: exercise_2_requests_test
def requests_at_once(blocks, prompt, answer, block=16):
    return blocks // math.ceil(prompt / block)  # noqa: F821
