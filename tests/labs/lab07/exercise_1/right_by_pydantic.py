# cell: exercise_1_type
import pydantic

ALLOWED = (str, int, float, bool)


def allowed(hint):
    inside = typing.get_args(hint)  # noqa: F821
    if typing.get_origin(hint) is list:  # noqa: F821
        return all(map(allowed, inside))
    return hint in ALLOWED or typing.get_origin(hint) is Literal  # noqa: F821


def json_type(hint):
    if not allowed(hint):
        raise ValueError(f"{hint} cannot be a parameter.")
    return pydantic.TypeAdapter(hint).json_schema()
