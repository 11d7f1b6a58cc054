# cell: exercise_6_repair
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


quiet_repair_server = repair_server  # noqa: F821


def repair_server(text):
    noise()
    return quiet_repair_server(text)
