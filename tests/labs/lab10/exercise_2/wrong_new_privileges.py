# cell: exercise_2_locked
# says: lacks no-new-privileges
# fails: exercise_2_locked_test
quiet_hardening = hardening  # noqa: F821


def hardening():
    found = quiet_hardening()
    return found | {"security_opt": []}
