"""A floor of the package imports only from the floors under it."""

import ast

import pytest

from workbook import paths

GROUND = {"environments", "errors", "paths", "serving", "settings", "tables"}
FLOORS = ["models", "convert", "engine", "runtimes", "evaluate", "bench", "pocket", "course",
          "widgets"]  # fmt: skip
PACKAGE = paths.ROOT / "workbook"
MODULES = sorted(file for floor in FLOORS for file in (PACKAGE / floor).rglob("*.py"))


def imported(source: str) -> set[str]:
    """The floors and ground modules that a source imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("workbook.")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "workbook":
            rest = node.module.split(".")[1:2]
            found |= set(rest) if rest else {alias.name for alias in node.names}
    return found


def allowed(floor: str) -> set[str]:
    below = set(FLOORS[: FLOORS.index(floor) + 1]) | GROUND
    # pocket is how the model is made: nothing is built on it
    return below if floor == "pocket" else below - {"pocket"}


@pytest.mark.parametrize("file", MODULES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_what_lies_under_it(file):
    floor = file.relative_to(PACKAGE).parts[0]
    source = file.read_text(encoding="utf-8")
    assert imported(source) - allowed(floor) == set()


def test_the_ground_imports_no_floor():
    for name in GROUND:
        source = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
        assert imported(source) <= GROUND


def test_every_folder_of_the_package_is_a_floor():
    folders = {f.parent.name for f in PACKAGE.glob("*/__init__.py")}
    assert folders == set(FLOORS)


def test_an_import_upwards_would_be_seen():
    source = "def f():\n    from workbook.pocket import train\n    import workbook.course.run\n"
    assert imported(source) == {"pocket", "course"}
    assert imported("from workbook import models, paths") == {"models", "paths"}
