"""What the labs' test cells call: checks that say which mistake was made.

Each lab has a module here. Its functions take what the student wrote, call it, and raise a
Mistake whose text names the error. They compare types before values, so that an object that
claims to equal everything gets nothing, and they print nothing.
"""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from workbook import paths
from workbook.course import environment

P = ParamSpec("P")
R = TypeVar("R")


EMPTY = "not answered yet: write your code where a cell says YOUR CODE HERE."


class Mistake(AssertionError):
    """A student's answer is not right; the text says in what way."""


def check(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a check: a Mistake leaves it without the frames of this package, and so does the
    error of an answer that nobody has written yet."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Mistake as mistake:
            found: Exception = Mistake(str(mistake))
        except NotImplementedError as error:
            if str(error):
                raise
            found = NotImplementedError(EMPTY)
        raise found

    return wrapped


def ready() -> environment.Table:
    """What a lab needs on this machine, as a table: OK, WARN or FAIL, each with its fix."""
    packages = environment.Packages(None)
    return environment.Table(
        [
            environment.check_packages(packages, environment.pins(paths.ROOT)),
            environment.check_genai(packages),
            environment.check_pocket(paths.MODELS / "pocket"),
        ]
    )


def kind(value: Any) -> str:
    """The name of a value's type, as a student would write it."""
    if value is None:
        return "None (is a `return` missing?)"
    name = type(value).__name__
    # np.bool is called bool, too
    return f"NumPy's {name}" if type(value).__module__ == "numpy" else name


def whole(call: str, found: Any) -> int:
    """The same value if it is exactly an int. Raises Mistake."""
    if type(found) is float:
        raise Mistake(
            f"{call} gave the float {found!r}: give a whole number (int). "
            "Divide with // and not with /."
        )
    if type(found) is not int:
        raise Mistake(f"{call} gave {kind(found)}: give a whole number (int).")
    return found


def same_number(
    call: str,
    found: Any,
    expected: int,
    mistakes: dict[int, str],
    otherwise: str = "Compare each term with hint 1.",
) -> None:
    """Compare whole numbers.

    mistakes: the number that each known mistake gives, and what to say about it; otherwise: what
    to say about any other number. Raises Mistake.
    """
    if whole(call, found) == expected:
        return
    said = mistakes.get(found, otherwise)
    raise Mistake(f"{call} gave {found:,} and {expected:,} is right. {said}")


def real(call: str, found: Any) -> float:
    """The same value as a float if it is a float, an int or NumPy's float. Raises Mistake."""
    if type(found).__module__ == "numpy" and isinstance(found, float):
        return float(found)
    if type(found) not in (float, int):
        raise Mistake(f"{call} is {kind(found)}: give a number (float).")
    return float(found)


def refuses(why: str, function: Callable[..., Any], *arguments: Any) -> None:
    """Check that a call raises ValueError with a sentence.

    why: what is wrong with the arguments. Raises Mistake.
    """
    try:
        found = function(*arguments)
    except ValueError as error:
        if str(error) and "math domain" not in str(error):
            return
        said = "Python's own ValueError came" if str(error) else "the ValueError says nothing"
        raise Mistake(f"{why}, and {said}: raise one with a sentence that says so.") from None
    except Exception as error:
        raise Mistake(
            f"{why}, and the function stopped with {type(error).__name__}: raise ValueError with a "
            "sentence that says what is wrong."
        ) from None
    raise Mistake(f"{why}, and the function gave {found!r}: raise ValueError with a sentence.")
