"""Removes what the course has generated: build/ and, if asked to, the environments (.venv, and
vLLM's, .venv-vllm). Nothing else."""

import os
import shutil
import sys
from pathlib import Path

from workbook.environments import Setup, only_one
from workbook.errors import CourseError


def main(setup: Setup, everything: bool, agreed: bool) -> int:
    """Say what would go and how much it is, ask unless `agreed`, remove it.

    everything: the environments too. Returns 0, or 1 when the answer was no. Raises CourseError
    when there is nobody to ask, or a file cannot be removed.
    """
    folders = [setup.root / "build"]
    if everything:
        folders += [setup.venv, *sorted(setup.root.glob(".venv-vllm*"))]
    found = [folder for folder in folders if os.path.lexists(folder)]
    if not found:
        print("Nothing to remove: " + " and ".join(f"{f.name}/" for f in folders) + " not there.")
        return 0
    for folder in found:
        print(f"{folder.name}/  {size(folder) / 1e6:,.1f} MB")
    if not agreed and not ask():
        print("Nothing was removed.")
        return 1
    with only_one(setup.lock, lambda text: print(text, file=sys.stderr)):
        for folder in reversed(found):  # build/ last: the lock lies in it
            remove(folder, keep=setup.lock)
    remove(setup.root / "build")
    print("Removed.")
    return 0


def size(folder: Path) -> int:
    """The bytes in a folder, links not followed."""
    if folder.is_symlink():
        return 0
    return sum(
        os.lstat(os.path.join(where, file)).st_size
        for where, _, files in os.walk(folder)
        for file in files
    )


def ask() -> bool:
    """Whether the person at the keyboard agrees. Raises CourseError when nobody answers."""
    try:
        return input("Remove this? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        print()
        raise CourseError(
            "Nothing was removed, because nobody could be asked: add --yes to agree beforehand."
        ) from None


def remove(folder: Path, keep: Path | None = None) -> None:
    """Remove a folder, or the link to one; leave `keep` if it lies directly in it."""
    try:
        if folder.is_symlink():
            folder.unlink()
        elif keep is not None and keep.parent == folder:
            for entry in folder.iterdir():
                if entry != keep:
                    shutil.rmtree(entry) if _is_folder(entry) else entry.unlink()
        elif folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise CourseError(
            f"{error.filename or folder.name} cannot be removed ({error.strerror}): close what "
            "uses it, then run clean again."
        ) from None


def _is_folder(entry: Path) -> bool:
    return entry.is_dir() and not entry.is_symlink()
