# cell: exercise_2_service
# says: end it with :ro
# fails: exercise_2_service_test
quiet_service = service  # noqa: F821


def service():
    found = quiet_service()
    return found | {"volumes": ["./models:/models"]}
