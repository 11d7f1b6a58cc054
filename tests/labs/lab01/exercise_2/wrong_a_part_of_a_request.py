# cell: exercise_2_requests
# says: A part of a request does not fit
# fails: exercise_2_requests_test
def requests_at_once(blocks, prompt, answer, block=16):
    return math.ceil(blocks / math.ceil((prompt + answer) / block))  # noqa: F821
