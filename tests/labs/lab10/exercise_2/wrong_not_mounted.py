# cell: exercise_2_service
# says: is in no volume
# fails: exercise_2_service_test
quiet_service = service  # noqa: F821


def service():
    found = quiet_service()
    found["command"] = [x.replace("/models/", "/data/") for x in found["command"]]
    return found
