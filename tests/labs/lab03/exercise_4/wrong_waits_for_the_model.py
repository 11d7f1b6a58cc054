# cell: exercise_4_wait
# says: nobody asks again
# fails: exercise_4_wait_test
def wait_until_ready(ask, model, attempts, pause, sleep):
    for asked in range(attempts):
        if asked:
            sleep(min(8, pause))
            pause *= 2
        try:
            status, body = ask("/api/tags")
        except OSError:
            continue
        if status >= 500:
            continue
        if status != 200:
            raise RuntimeError(f"status {status}")
        if not has_model(body, model):  # noqa: F821
            continue
        return asked + 1
    raise TimeoutError("not ready")
