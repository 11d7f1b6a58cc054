"""The README and every other Markdown page: links that lead somewhere, commands that exist."""

import re
import subprocess
import sys

import pytest

from workbook import cli, paths
from workbook.course.notebooks import link_problems

PAGES = [
    page
    for page in sorted(paths.ROOT.rglob("*.md"))
    if not {".venv", ".venv-vllm", "build", ".pytest_cache", "node_modules"}
    & set(page.relative_to(paths.ROOT).parts)
]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(paths.ROOT)))
def test_links_lead_somewhere(page):
    assert list(link_problems(page.read_text(encoding="utf-8"), page.parent)) == []


def mentioned(pattern: str) -> set[str]:
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    texts += [p.read_text(encoding="utf-8") for p in paths.NOTEBOOKS.glob("*.ipynb")]
    texts += [p.read_text(encoding="utf-8") for p in (paths.ROOT / "workbook").rglob("*.py")]
    return {match for text in texts for match in re.findall(pattern, text)}


def test_the_commands_of_course_py_exist():
    words = mentioned(r"python3 course\.py ([a-z]+)")
    assert {"run", "lab", "test"} <= words
    usage = subprocess.run(
        [sys.executable, "course.py", "--help"], cwd=paths.ROOT, capture_output=True, text=True
    ).stdout
    assert [word for word in words if not re.search(rf"\b{word}\b", usage)] == []


def test_the_options_of_course_py_exist():
    for command, option in mentioned(r"python3 course\.py ([a-z]+) (--[a-z-]+)"):
        usage = subprocess.run(
            [sys.executable, "course.py", command, "--help"],
            cwd=paths.ROOT,
            capture_output=True,
            text=True,
        ).stdout
        assert option in usage, f"course.py {command} has no {option}"


def test_the_sub_commands_of_workbook_exist():
    words = mentioned(r"(?:`|bin/)workbook ([a-z]+)\b")
    assert {"download", "pocket", "serve"} <= words
    for word in words:
        with pytest.raises(SystemExit) as ended:
            cli.main([word, "--help"])
        assert ended.value.code == 0, f"workbook has no command {word}"
