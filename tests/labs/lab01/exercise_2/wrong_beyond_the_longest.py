# cell: exercise_2_requests
# says: The model was made for 8192 tokens
# fails: exercise_2_requests_test
# hidden: exercise_2_requests_test
def largest_context(blocks, slots, longest, block=16):
    return blocks // slots * block
