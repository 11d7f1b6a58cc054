# cell: exercise_4_wait
# says: The model is not there: wait_until_ready said nothing
# fails: exercise_4_wait_test
def wait_until_ready(ask, model, attempts, pause, sleep):
    for asked in range(attempts):
        if asked:
            sleep(min(8, pause))
            pause *= 2
        try:
            status, _ = ask("/api/tags")
        except OSError:
            continue
        if status >= 500:
            continue
        if status != 200:
            raise RuntimeError(f"status {status}")
        return asked + 1
    raise TimeoutError("not ready")
