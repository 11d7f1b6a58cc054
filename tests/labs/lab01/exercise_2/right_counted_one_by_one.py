# cell: exercise_2_requests
def requests_at_once(blocks, prompt, answer, block=16):
    used = count = 0
    while True:
        used += (prompt + answer + block - 1) // block
        if used > blocks:
            return count
        count += 1
