# cell: exercise_6_repair
# says: an error text is no answer
# fails: exercise_6_repair_test
quiet_repair_server = repair_server  # noqa: F821


def repair_server(text):
    repaired = quiet_repair_server(text)
    first, second = repaired.split('@app.get("/health")')
    original = text.split('@app.get("/health")')[0]
    return original.replace("FastAPI", "FastAPI, HTTPException", 1) + '@app.get("/health")' + second
