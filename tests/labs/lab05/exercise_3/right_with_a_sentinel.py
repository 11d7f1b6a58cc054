# cell: exercise_3_until
from contextlib import closing


def until(pieces, deadline, clock=time.monotonic):  # noqa: F821
    taken, end = [], object()
    with closing(pieces):
        while clock() < deadline:
            if (piece := next(pieces, end)) is end:
                return taken, "stop"
            taken += [piece]
    return taken, "deadline"
