# cell: exercise_6_repair
# says: says that the client is at fault
# fails: exercise_6_repair_test
quiet_repair_server = repair_server  # noqa: F821


def repair_server(text):
    first, second = quiet_repair_server(text).split('@app.get("/health")')
    return first.replace("503", "400") + '@app.get("/health")' + second
