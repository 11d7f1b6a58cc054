"""What every notebook of the course must be, checked without running it; and fresh outputs.

python -m workbook.course.notebooks check            what is wrong, one line each
python -m workbook.course.notebooks refresh [NAME]   run lessons from a clean kernel and
                                                     store their outputs
"""

import argparse
import itertools
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import nbformat
from nbformat import NotebookNode

from workbook import paths

LONGEST_CELL = 15
"""Lines of code, blank ones not counted, that one cell may have."""

READING = 150
"""Words that a person reads in a minute of careful study; every code cell takes another one."""

ABSOLUTE_PATH = re.compile(
    r"(?<![\w./:-])(?:/(?:home|Users|root|tmp|work|mnt|opt|var|usr)/\w|[A-Z]:\\)"
)
SHELL = re.compile(r"^\s*[!%?]|^[\w\s,]+=\s*[!%]\w|get_ipython\(")
PROGRESS = re.compile(r"\d+/(?:\d+|\?) ?\[\d\d:\d\d(?:<|, )")
"""What every progress bar of tqdm has: 3/9 [00:01<00:02, ...]."""

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
EMPTY_LINK_TEXT = {"here", "this", "link", "click here"}


def lessons() -> list[Path]:
    """The lessons, in order."""
    return sorted(paths.NOTEBOOKS.glob("*.ipynb"))


def solutions() -> list[Path]:
    """The instructor sources of the labs, in order."""
    return sorted(paths.SOLUTIONS.glob("*/*.ipynb"))


def labs() -> list[Path]:
    """The labs as students get them, in order."""
    return sorted(paths.LABS.glob("*/*.ipynb"))


def minutes(notebook: NotebookNode) -> int:
    """Minutes that a learner needs: reading, and one minute a code cell, rounded up to five."""
    words = sum(len(c.source.split()) for c in notebook.cells if c.cell_type == "markdown")
    cells = sum(c.cell_type == "code" for c in notebook.cells)
    return 5 * math.ceil((words / READING + cells) / 5)


def problems(path: Path) -> list[str]:
    """What is wrong with one notebook, a sentence each; empty when nothing is."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    kind = path.relative_to(paths.ROOT).parts[0] if path.is_relative_to(paths.ROOT) else "notebooks"
    found = list(_structure(notebook))
    for index, cell in enumerate(notebook.cells):
        where = f"cell {index} ({cell.get('id', 'no id')})"
        rules = _code_cell(cell) if cell.cell_type == "code" else _text_cell(cell, path.parent)
        found += [f"{where}: {problem}" for problem in rules]
    found += _lesson(notebook) if kind == "notebooks" else _without_outputs(notebook)
    return found


def _structure(notebook: NotebookNode) -> Iterator[str]:
    ids = [cell.get("id") for cell in notebook.cells]
    if None in ids or len(set(ids)) != len(ids):
        yield "cell ids are missing or not unique"
    if not any("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells):
        yield "no cell has the tag `parameters`"
    levels = [level for cell in notebook.cells for level in _headings(cell)]
    if levels.count(1) != 1 or levels[:1] != [1]:
        yield f"there must be one heading of level 1, and first: found {levels.count(1)}"
    for before, after in itertools.pairwise(levels):
        if after > before + 1:
            yield f"a heading of level {after} follows one of level {before}"


def _headings(cell: NotebookNode) -> list[int]:
    if cell.cell_type != "markdown":
        return []
    text = re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL)
    return [len(mark) for mark in re.findall(r"^(#{1,6}) ", text, flags=re.MULTILINE)]


def _code_cell(cell: NotebookNode) -> Iterator[str]:
    lines = [line for line in cell.source.splitlines() if line.strip()]
    if len(lines) > LONGEST_CELL:
        yield f"{len(lines)} lines of code; {LONGEST_CELL} at most"
    if any(SHELL.search(line) for line in lines):
        yield "a shell escape or a magic"
    if "pip install" in cell.source:
        yield "installs a package"
    if "sys.path" in cell.source:
        yield "changes sys.path"
    if ABSOLUTE_PATH.search(cell.source):
        yield "an absolute path in the code"
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"a stored error, {output.ename}"
        if output.get("name") == "stderr":
            yield "stored text on stderr"
        if ABSOLUTE_PATH.search(_text_of(output)):
            yield "an absolute path in the output"


def _text_of(output: NotebookNode) -> str:
    data = output.get("data", {})
    return output.get("text", "") + data.get("text/plain", "") + data.get("text/html", "")


def _text_cell(cell: NotebookNode, folder: Path) -> Iterator[str]:
    if "<img" in cell.source:
        yield "an <img> tag; write ![what the picture shows](file)"
    yield from link_problems(cell.source, folder)


def link_problems(text: str, folder: Path) -> Iterator[str]:
    """What is wrong with the links and pictures of a Markdown text that lies in a folder: no
    text, text that says nothing, or a file that does not exist."""
    text = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    for picture, said, target in LINK.findall(text):
        if picture and not said.strip():
            yield f"the picture {target} has no alternative text"
        if not picture and said.strip().lower() in EMPTY_LINK_TEXT | {""}:
            yield f"the link text {said!r} does not say where {target} leads"
        file = unquote(target.partition("#")[0])
        if file and not re.match(r"[a-z]+:", file) and not (folder / file).exists():
            yield f"the link to {target} leads nowhere"


def _lesson(notebook: NotebookNode) -> Iterator[str]:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        yield "was not stored after one run from top to bottom"
    stated = re.search(r"\| Time \| (\d+) minutes \|", notebook.cells[0].source)
    if not stated:
        yield "the first cell does not state the time as `| Time | N minutes |`"
    elif int(stated.group(1)) != minutes(notebook):
        yield f"states {stated.group(1)} minutes; computed from its length: {minutes(notebook)}"


def _without_outputs(notebook: NotebookNode) -> Iterator[str]:
    if any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells):
        yield "labs and solutions are stored without outputs"


def refresh(path: Path) -> None:
    """Run a lesson from a clean kernel, top to bottom, and store it with its outputs.

    Raises nbclient's CellExecutionError when a cell fails; the file then stays as it was.
    """
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    first = notebook.cells[0]
    first.source = re.sub(
        r"\| Time \| \S+ minutes \|", f"| Time | {minutes(notebook)} minutes |", first.source
    )
    where = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=1200, resources=where, record_timing=False,
                            store_widget_state=False)  # fmt: skip
    client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_stored(output) for output in _joined(cell.outputs)]
    notebook.metadata.language_info = {"name": "python"}
    nbformat.write(notebook, path)


def _stored(output: NotebookNode) -> NotebookNode:
    # A widget's view is of no use without its kernel: what is left is its plain text.
    output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    return output


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    kept: list[NotebookNode] = []
    for output in outputs:
        if PROGRESS.search(_text_of(output)):
            continue
        last = kept[-1] if kept else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
            continue
        kept.append(output)
    return kept


def main(argv: list[str] | None = None) -> int:
    """The command line; gives 1 when a notebook has a problem."""
    parser = argparse.ArgumentParser(prog="python -m workbook.course.notebooks")
    parser.add_argument("command", choices=("check", "refresh"))
    parser.add_argument("name", nargs="?", default="", help="part of a notebook's name")
    arguments = parser.parse_args(argv)
    if not any(arguments.name in p.name for p in (*lessons(), *solutions(), *labs())):
        parser.error(f"no notebook's name contains {arguments.name!r}")
    if arguments.command == "refresh":
        for path in (p for p in lessons() if arguments.name in p.name):
            print(f"running {path.name}", flush=True)
            refresh(path)
        return 0
    found = [
        f"{path.relative_to(paths.ROOT)}: {problem}"
        for path in (*lessons(), *solutions(), *labs())
        if arguments.name in path.name
        for problem in problems(path)
    ]
    print("\n".join(found) or "Every notebook is as it should be.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
