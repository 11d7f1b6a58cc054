# cell: exercise_2_service
# says: leads to another port
# fails: exercise_2_service_test
# hidden: exercise_2_service_test
quiet_service = service  # noqa: F821


def service():
    found = quiet_service()
    return found | {"ports": ["127.0.0.1:8081:8080"]}
