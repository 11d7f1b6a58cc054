# cell: exercise_2_locked
# says: It runs as root
# fails: exercise_2_locked_test
quiet_hardening = hardening  # noqa: F821


def hardening():
    found = quiet_hardening()
    return found | {"user": "0:0"}
