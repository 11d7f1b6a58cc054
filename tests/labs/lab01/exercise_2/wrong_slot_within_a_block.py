# cell: exercise_2_requests
# says: A slot ends within a block
# fails: exercise_2_requests_test
def largest_context(blocks, slots, longest, block=16):
    return min(longest, blocks * block // slots)
