# cell: exercise_2_service
# says: is open to the whole network
# fails: exercise_2_service_test
# hidden: exercise_2_service_test
quiet_service = service  # noqa: F821


def service():
    found = quiet_service()
    return found | {"ports": ["8081:8081"]}
