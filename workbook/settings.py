"""Which model and which place a notebook works with, decided in one spot."""

import json
import os
from dataclasses import asdict, dataclass

from workbook import paths
from workbook.errors import CourseError

PLACES = ("auto", "embedded", "compose", "attached")


@dataclass(frozen=True)
class Choice:
    """What a notebook works with: a model's name and the place its runtimes live in."""

    model: str = "pocket"
    place: str = "auto"


def choose(model: str = "", place: str = "") -> Choice:
    """The choice for this run: the arguments, else WORKBOOK_MODEL and WORKBOOK_PLACE, else
    what the settings panel saved, else pocket and auto.

    Raises CourseError for a place that does not exist, or a settings file that is not JSON.
    """
    saved = _saved()
    model = model or os.environ.get("WORKBOOK_MODEL") or saved.get("model") or Choice.model
    place = place or os.environ.get("WORKBOOK_PLACE") or saved.get("place") or Choice.place
    return check(Choice(model, place))


def check(choice: Choice) -> Choice:
    """The same choice, or a CourseError when its place is not one of PLACES."""
    if choice.place not in PLACES:
        raise CourseError(
            f"The place {choice.place!r} does not exist: choose one of {', '.join(PLACES)} (with "
            f"WORKBOOK_PLACE, the notebook's parameter, or the settings panel)."
        )
    return choice


def save(choice: Choice) -> None:
    """Remember a choice for every notebook that is not told otherwise."""
    check(choice)
    paths.SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    paths.SETTINGS.write_text(json.dumps(asdict(choice)), encoding="utf-8")


def _saved() -> dict[str, str]:
    if not paths.SETTINGS.exists():
        return {}
    try:
        saved = json.loads(paths.SETTINGS.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CourseError(
            f"The settings file {paths.SETTINGS} is not JSON ({error}): delete it and choose again."
        ) from None
    return saved if isinstance(saved, dict) else {}
