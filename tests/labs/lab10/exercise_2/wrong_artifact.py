# cell: exercise_2_service
# says: the decision was gguf-q8_0
# fails: exercise_2_service_test
quiet_service = service  # noqa: F821


def service():
    found = quiet_service()
    found["command"] = [x.replace("q8_0", "q4_0") for x in found["command"]]
    return found
