# cell: exercise_2_service
# says: keeps llama.cpp from downloading
# fails: exercise_2_service_test
# hidden: exercise_2_service_test
quiet_service = service  # noqa: F821


def service():
    found = quiet_service()
    found["command"].remove("--offline")
    return found
