# cell: exercise_2_service
# says: prompts would be logged
# fails: exercise_2_service_test
# hidden: exercise_2_service_test
quiet_service = service  # noqa: F821


def service():
    found = quiet_service()
    return found | {"command": [*found["command"], "--verbose"]}
