"""Suites: selections of questions with a name, as `workbook eval` takes them."""

from pathlib import Path

from workbook.errors import CourseError
from workbook.evaluate import banks, loaders
from workbook.evaluate.banks import Question

SUITES = {
    "tutorial": "the tutorial's own prompts",
    "heldout": "problems that pocket's training never saw",
    "tools": "every question of the course that is about function calls",
    "code": "every question of the course whose answer is run in a sandbox",
}
_CHECKERS = {"tools": "tool_calls", "code": "python"}
NAMES = (*SUITES, *loaders.NAMES)


def load(name: str, limit: int | None = None, folder: Path | str | None = None) -> list[Question]:
    """The questions of a suite; limit: at most so many of each family; folder: where the files of
    a public benchmark are (see loaders).

    Raises CourseError for an unknown suite, and for a benchmark without its folder.
    """
    if name in loaders.NAMES:
        if folder is None:
            raise CourseError(
                f"The suite {name} is read from its original files: say where they are with "
                f"--from FOLDER."
            )
        return loaders.load(name, folder, limit)
    if name not in SUITES:
        raise CourseError(f"There is no suite {name!r}: choose one of {', '.join(NAMES)}.")
    if folder is not None:
        raise CourseError(f"The suite {name} comes with the course: leave --from out.")
    if name not in _CHECKERS:
        return banks.load(name, limit=limit)
    own = banks.load(name, limit=limit)
    others = [q for q in banks.load("heldout", limit=limit) if q.checker == _CHECKERS[name]]
    return own + others
