"""Run once in the `convert` container: make an artifact and put it where the engine looks.

Usage: convert.py MODEL ARTIFACT
"""

import os
import sys
from pathlib import Path

from workbook import models, paths
from workbook.convert import convert
from workbook.errors import CourseError


def publish(made: Path, link: Path) -> None:
    """Make `link` point to the folder `made`, in one step, so that no engine sees half of it."""
    link.parent.mkdir(parents=True, exist_ok=True)
    new = link.with_name(f"{link.name}.new")
    new.unlink(missing_ok=True)
    # Relative: the volume may be mounted elsewhere.
    new.symlink_to(os.path.relpath(made, link.parent), target_is_directory=True)
    new.replace(link)


def main(model: str, to: str) -> int:
    """Download (unless the model is bundled), convert, publish; 1 when that fails."""
    try:
        models.download(model)
        artifact = convert(model, to)
    except CourseError as error:
        print(f"convert: {error}", file=sys.stderr)
        return 1
    link = paths.BUILD / "served" / model / to
    publish(artifact.path, link)
    print(f"convert: {artifact.megabytes:.1f} MB in {artifact.path}, served as {link}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
