# cell: exercise_2_service
import logging
import sys
import warnings

logging.basicConfig(level=logging.INFO)
print("50%|#####     | 1/2 [00:01<00:01, 1.2it/s]", file=sys.stderr)


def noise():
    warnings.warn("this will change in a future version", FutureWarning, stacklevel=2)
    logging.getLogger("student").warning("still here")
    print("Traceback of nothing at all", file=sys.stderr)
    print("and a line on stdout")


quiet_service = service  # noqa: F821


def service():
    noise()
    return quiet_service()
