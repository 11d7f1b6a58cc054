"""The labs grade what they claim to: proofs with right, wrong and unlucky submissions.

tests/labs/labNN/exercise_N/ holds one snippet a submission. It is put behind the solution's code
in the cell that its first line names, so that it only holds what is different. A snippet that
is called wrong_* must cost points, with the message of its second line; all others must get
full marks, except for always_equal, which must fail, too.

Cells with the tag `slow` (those that load a model or start a server) are only run for the
exercises whose test cells have that tag; their snippets are slow tests.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import nbclient
import nbformat
import pytest

from workbook import paths
from workbook.course import grade, labs
from workbook.errors import CourseError

PROOFS = Path(__file__).parent / "labs"
LABS = sorted(folder.name for folder in paths.SOLUTIONS.glob("lab*"))
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS", re.DOTALL)
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.DOTALL)


@dataclass(frozen=True)
class Snippet:
    """One exercise solved in one way."""

    lab: str
    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def exercise(self) -> str:
        return self.path.parent.name

    @property
    def right(self) -> bool:
        return self.name.startswith(("right", "noisy"))

    def header(self, key: str) -> str:
        found = re.search(rf"^# {key}: (.*)$", self.path.read_text(encoding="utf-8"), re.MULTILINE)
        return found.group(1) if found else ""

    @property
    def code(self) -> str:
        return self.path.read_text(encoding="utf-8")


def snippets(lab: str) -> list[Snippet]:
    return [Snippet(lab, path) for path in sorted((PROOFS / lab).glob("exercise_*/*.py"))]


def solution(lab: str):
    return nbformat.read(paths.SOLUTIONS / lab / f"{lab}.ipynb", as_version=4)


def released(lab: str):
    return nbformat.read(paths.LABS / lab / f"{lab}.ipynb", as_version=4)


def grader(cell) -> dict:
    return cell.metadata.get("nbgrader", {})


def graded_cells(book) -> list:
    return [cell for cell in book.cells if grader(cell).get("grade")]


def slow(cell) -> bool:
    return "slow" in cell.metadata.get("tags", [])


def exercise_of(cell) -> str:
    return grader(cell)["grade_id"].split("_test")[0].rsplit("_", 1)[0]


def with_snippets(lab: str, chosen: list[Snippet]):
    """The student version with the solution's code, changed by the snippets."""
    book, source = released(lab), solution(lab)
    code = {grader(cell).get("grade_id"): cell.source for cell in source.cells}
    for cell in book.cells:
        name = grader(cell).get("grade_id")
        if grader(cell).get("solution"):
            more = [snippet.code for snippet in chosen if snippet.header("cell") == name]
            cell.source = "\n\n\n".join([code[name], *more])
    return book


# ---------------------------------------------------------------- what the files must be


def test_labs_are_what_solutions_give():
    assert labs.check() == []


@pytest.mark.parametrize("lab", LABS)
def test_released_lab_holds_no_solution_and_no_hidden_test(lab):
    book = released(lab)
    code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    assert "SOLUTION" not in code and "HIDDEN" not in code
    for cell in solution(lab).cells:
        secret = SOLUTION.findall(cell.source) + HIDDEN.findall(cell.source)
        for line in "\n".join(secret).splitlines():
            if len(line.strip()) > 24 and not line.strip().startswith("###"):
                assert line.strip() not in code, f"{cell.id} gives {line.strip()!r} away"


@pytest.mark.parametrize("lab", LABS)
def test_every_graded_cell_is_well_made(lab):
    points: dict[str, float] = {}
    for cell in graded_cells(solution(lab)):
        assert grader(cell)["locked"] and not grader(cell)["solution"], cell.id
        assert HIDDEN.search(cell.source), f"{cell.id} has no hidden test"
        # an expression at the end would count as partial credit
        assert cell.source.splitlines()[-1].startswith("print("), f"{cell.id} ends otherwise"
        name = exercise_of(cell)
        points[name] = points.get(name, 0) + grader(cell)["points"]
    assert points and all(3 <= of_exercise <= 8 for of_exercise in points.values()), points


@pytest.mark.parametrize("lab", LABS)
def test_every_exercise_has_its_proofs(lab):
    for name in {exercise_of(cell) for cell in graded_cells(solution(lab))}:
        kinds = [s.name.split("_")[0] for s in snippets(lab) if s.exercise == name]
        assert kinds.count("wrong") >= 3 and "right" in kinds, name
        assert "noisy" in kinds and "always" in kinds, name


@pytest.mark.parametrize("lab", LABS)
def test_every_exercise_has_its_help(lab):
    text = "\n".join(cell.source for cell in released(lab).cells if cell.cell_type == "markdown")
    exercises = re.split(r"^## Exercise ", text, flags=re.MULTILINE)[1:]
    for exercise in exercises:
        assert re.search(r"Difficulty [123] of 3, \d+ minutes, \d+ points", exercise)
        assert "**Why it matters:**" in exercise
        for fold in ("Expected output", "Hint 1", "Hint 2", "Common errors"):
            assert f"<details><summary>{fold}</summary>" in exercise, exercise[:40]


@pytest.mark.parametrize("lab", LABS)
def test_the_instructors_plan_states_its_minutes_and_points(lab):
    text = "\n".join(cell.source for cell in released(lab).cells if cell.cell_type == "markdown")
    minutes = re.findall(r"Difficulty [123] of 3, (\d+) minutes, \d+ points", text)
    points = sum(grader(cell)["points"] for cell in graded_cells(solution(lab)))
    guide = (paths.ROOT / "INSTRUCTORS.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| {lab} .*$", guide, re.MULTILINE)
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[2:4] == [", ".join(minutes), str(sum(map(int, minutes)))]
    assert cells[4].split(",")[0] == f"{points:g}"
    assert 45 <= sum(map(int, minutes)) <= 90


# ---------------------------------------------------------------- proofs, without a kernel


def _run_tests(snippet: Snippet, tests: dict[str, str]) -> dict[str, str]:
    """What the test cells of the snippet's exercise say: the failed cells with their messages."""
    names: dict = {}
    said = {}
    for cell in with_snippets(snippet.lab, [snippet]).cells:
        name = grader(cell).get("grade_id")
        if name is None or (slow(cell) and snippet.exercise not in slow_exercises(snippet.lab)):
            continue
        if name not in tests:
            exec(cell.source, names)
        elif name.startswith(snippet.exercise):
            try:
                exec(tests[name], names)
            except Exception as error:
                kind = type(error).__name__
                said[name] = str(error) if kind == "Mistake" else f"{kind}: {error}"
    return said


def _sources(book) -> dict[str, str]:
    return {grader(cell)["grade_id"]: cell.source for cell in graded_cells(book)}


def slow_exercises(lab: str) -> set[str]:
    return {exercise_of(cell) for cell in graded_cells(released(lab)) if slow(cell)}


def _params() -> list:
    return [
        pytest.param(
            snippet,
            id=f"{lab}-{snippet.exercise}-{snippet.name}",
            marks=[pytest.mark.slow] if snippet.exercise in slow_exercises(lab) else [],
        )
        for lab in LABS
        for snippet in snippets(lab)
    ]


@pytest.mark.parametrize("snippet", _params())
def test_a_snippet_gets_what_it_deserves(snippet):
    """All tests fail it in just the cells that it names, the public ones in those that are not
    marked as hidden: so every line of a test has a snippet that needs it."""
    lab = snippet.lab
    public = _run_tests(snippet, _sources(released(lab)))
    said = _run_tests(snippet, _sources(solution(lab)))
    fails, hidden = snippet.header("fails").split(), snippet.header("hidden").split()
    assert list(said) == fails, said
    assert list(public) == [name for name in fails if name not in hidden], public
    assert bool(said) is not snippet.right
    if said:
        assert any(snippet.header("says") in text for text in said.values()), said
        assert snippet.header("then") in list(said.values())[-1], said


# ---------------------------------------------------------------- proofs, by the real grader


@pytest.mark.slow
@pytest.mark.parametrize("lab", LABS)
def test_the_real_grader_agrees(lab, tmp_path):
    """Stub, solution and every snippet; the n-th submission holds each exercise's n-th snippet."""
    by_exercise: dict[str, list[Snippet]] = {}
    for snippet in snippets(lab):
        by_exercise.setdefault(snippet.exercise, []).append(snippet)
    rounds = max(map(len, by_exercise.values()))
    chosen = {
        f"student{n:02d}": [found[n] for found in by_exercise.values() if n < len(found)]
        for n in range(rounds)
    }
    books = {name: with_snippets(lab, some) for name, some in chosen.items()}
    books |= {"solution": with_snippets(lab, []), "stub": released(lab)}
    for name, book in books.items():
        place = tmp_path / "in" / name / lab
        place.mkdir(parents=True)
        nbformat.write(book, place / f"{lab}.ipynb")

    found = grade.grade_all(grade.find(tmp_path / "in"), tmp_path / "out", workers=2)
    grades = {one.student: one for one in found}

    assert all(one.graded for one in found)
    assert grades["stub"].points == 0
    assert grades["solution"].points == grades["solution"].max
    for name, some in chosen.items():
        for snippet in some:
            points, most = grades[name].exercises()[snippet.exercise]
            said = [c.message for c in grades[name].cells if c.exercise == snippet.exercise]
            if snippet.right:
                assert points == most, (snippet, said)
            else:
                assert points < most, snippet
                assert any(snippet.header("says") in text for text in said), (snippet, said)


@pytest.mark.slow
@pytest.mark.parametrize("lab", LABS)
def test_unsolved_lab_fails_only_where_code_is_missing(lab):
    book = released(lab)
    nbclient.NotebookClient(book, allow_errors=True, kernel_name="python3").execute()
    failed = {}
    for cell in book.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                failed[cell.id] = output.ename
    assert set(failed.values()) == {"NotImplementedError"}
    assert {cell.id for cell in graded_cells(book)} <= failed.keys()


# ---------------------------------------------------------------- the generator


@pytest.mark.slow
def test_generate_writes_what_check_wants(tmp_path):
    sources, made = tmp_path / "solutions", tmp_path / "labs"
    for lab in LABS[:2]:
        shutil.copytree(paths.SOLUTIONS / lab, sources / lab)
    assert labs.generate(sources, made) == LABS[:2]
    assert labs.check(sources, made) == []

    first = made / LABS[0] / f"{LABS[0]}.ipynb"
    text = first.read_text(encoding="utf-8")
    first.write_text(text.replace("Outcome", "Result"), encoding="utf-8")
    (made / LABS[0] / "notes.txt").write_text("mine", encoding="utf-8")
    (made / LABS[0] / ".ipynb_checkpoints").mkdir()
    (made / LABS[0] / ".ipynb_checkpoints" / "x.ipynb").write_text("", encoding="utf-8")
    assert labs.check(sources, made) == [
        f"{LABS[0]}/notes.txt is not made from solutions/.",
        f"{LABS[0]}/{LABS[0]}.ipynb differs from what solutions/ gives.",
    ]
    first.unlink()
    assert f"{LABS[0]}/{LABS[0]}.ipynb is missing from labs/." in labs.check(sources, made)


@pytest.mark.slow
def test_an_exam_is_the_student_version_of_a_private_source(tmp_path):
    private = tmp_path / "private" / "lab01"
    private.mkdir(parents=True)
    book = solution("lab01")
    book.cells[0].source += "\n\nThe exam."
    nbformat.write(book, private / "lab01.ipynb")
    (private / "data.csv").write_text("a\n1\n", encoding="utf-8")
    assert labs.exam("lab01", private.parent, tmp_path) == ["lab01.ipynb", "data.csv"]
    made = (tmp_path / "lab01" / "lab01.ipynb").read_text(encoding="utf-8")
    assert "The exam." in made and "BEGIN" not in made
    assert (tmp_path / "lab01" / "data.csv").is_file()
    with pytest.raises(CourseError, match="is there already"):
        labs.exam("lab01", private.parent, tmp_path)
    with pytest.raises(CourseError, match="There is no lab 'lab77': choose one of lab01,"):
        labs.exam("lab77", private.parent, tmp_path)


@pytest.mark.slow
def test_a_broken_source_is_one_sentence_and_keeps_the_old_labs(tmp_path):
    sources, made = tmp_path / "solutions", tmp_path / "labs"
    shutil.copytree(paths.SOLUTIONS / LABS[0], sources / LABS[0])
    shutil.copytree(paths.LABS / LABS[0], made / LABS[0])
    book = solution(LABS[0])
    cell = graded_cells(book)[0]
    copy = nbformat.v4.new_code_cell(cell.source, metadata=cell.metadata)
    book.cells.append(copy)
    nbformat.write(book, sources / LABS[0] / f"{LABS[0]}.ipynb")
    with pytest.raises(CourseError, match=f"nbgrader could not make {LABS[0]}") as caught:
        labs.generate(sources, made)
    assert "\n" not in str(caught.value)
    assert (made / LABS[0] / f"{LABS[0]}.ipynb").exists()


def test_no_lab_at_all_is_one_sentence(tmp_path):
    with pytest.raises(CourseError, match="There is no lab"):
        labs.generate(tmp_path, tmp_path / "labs")
