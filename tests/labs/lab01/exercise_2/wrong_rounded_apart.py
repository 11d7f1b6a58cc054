# cell: exercise_2_requests
# says: add their tokens first
# fails: exercise_2_requests_test
def requests_at_once(blocks, prompt, answer, block=16):
    return blocks // (math.ceil(prompt / block) + math.ceil(answer / block))  # noqa: F821
