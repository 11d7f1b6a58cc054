# cell: exercise_2_requests
# says: every slot gets its part
# fails: exercise_2_requests_test
def largest_context(blocks, slots, longest, block=16):
    return min(longest, blocks * block)
