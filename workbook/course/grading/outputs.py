"""What an instructor gets: tables for people, for Canvas and for Moodle, and a class report."""

import csv
import html
import json
import re
import statistics
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from workbook.course.grading.model import CellScore, Grade
from workbook.course.grading.submissions import Person

NOTHING = "Nothing was handed in."
"""The reason of those on the roster who have no submission."""

GRADES, CANVAS, MOODLE, REPORT = "grades.csv", "canvas.csv", "moodle.csv", "report.html"


def write(grades: list[Grade], out: Path, people: dict[str, Person] | None = None) -> None:
    """Write every table and the report."""
    out.mkdir(parents=True, exist_ok=True)
    _grades(grades, out / GRADES)
    _canvas(grades, out / CANVAS, people or {})
    _moodle(grades, out / MOODLE, people or {})
    text = json.dumps({"grades": [asdict(grade) for grade in grades]}, indent=1)
    _text(out / "result.json", text + "\n")
    _text(out / REPORT, report(grades))


def _text(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8", errors="replace")


def _table(file: Path, rows: list[list[str]]) -> None:
    with file.open("w", encoding="utf-8", errors="replace", newline="") as opened:
        csv.writer(opened).writerows([list(map(cell, row)) for row in rows])


def _grades(grades: list[Grade], file: Path) -> None:
    exercises = sorted({name for grade in grades for name in grade.exercises()}, key=_numbered)
    rows = [["student", "lab", "points", "max", *exercises, "reason", "by hand", "look at"]]
    for grade in grades:
        each = grade.exercises()
        points = [f"{each[name][0]:g}" if name in each else "" for name in exercises]
        row = [grade.student, grade.lab, f"{grade.points:g}", f"{grade.max:g}", *points]
        rows.append([*row, grade.reason, grade.manual, "; ".join(grade.flags)])
    _table(file, rows)


def _numbered(name: str) -> tuple[int, str]:
    digits = re.search(r"\d+", name)
    return (int(digits.group()) if digits else 0, name)


def cell(text: str) -> str:
    """A table cell that no spreadsheet takes for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _by_student(grades: list[Grade]) -> dict[str, dict[str, Grade]]:
    found: dict[str, dict[str, Grade]] = {}
    for grade in grades:
        found.setdefault(grade.student, {})[grade.lab] = grade
    return found


def _most(grades: list[Grade]) -> dict[str, float]:
    return {g.lab: g.max for g in sorted(grades, key=lambda g: g.lab) if g.max}


def _canvas(grades: list[Grade], file: Path, people: dict[str, Person]) -> None:
    """The layout that Canvas's gradebook imports: a column a lab, and a row of maxima."""
    most = _most(grades)
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *most]]
    rows.append(["    Points Possible", "", "", "", "", *(f"{m:g}" for m in most.values())])
    for student, theirs in _by_student(grades).items():
        person = people.get(student, Person(student))
        full = ", ".join(filter(None, [person.last_name, person.first_name])) or student
        sis = person.sis_login_id or student
        head = [full, person.canvas_id, person.sis_user_id, sis, person.section]
        points = [f"{theirs[lab].points:g}" if lab in theirs else "" for lab in most]
        rows.append([*head, *points])
    _table(file, rows)


def _moodle(grades: list[Grade], file: Path, people: dict[str, Person]) -> None:
    """The layout that Moodle's gradebook imports, matched by e-mail address or ID number."""
    most = _most(grades)
    heads = [f"Assignment: {lab} (Real)" for lab in most]
    rows = [["First name", "Last name", "ID number", "Email address", *heads]]
    for student, theirs in _by_student(grades).items():
        person = people.get(student, Person(student))
        points = [f"{theirs[lab].points:g}" if lab in theirs else "-" for lab in most]
        number = person.sis_user_id or student
        rows.append([person.first_name, person.last_name, number, person.email, *points])
    with file.open("w", encoding="utf-8", errors="replace", newline="") as opened:
        # Moodle's mark for no grade is a single -
        csv.writer(opened).writerows([[c if c == "-" else cell(c) for c in row] for row in rows])


# ---------------------------------------------------------------- in words


def line(grade: Grade) -> str:
    """One submission, for a terminal."""
    score = f"{grade.student} {grade.lab}: {grade.points:g} of {grade.max:g}"
    return f"{score} ({grade.reason})" if grade.reason else score


def summary(grades: list[Grade]) -> list[str]:
    """One line a lab: how many, mean, median, full marks, and how many came to nothing."""
    lines = []
    for lab in sorted({grade.lab for grade in grades}):
        of_lab = [grade for grade in grades if grade.lab == lab]
        points = [grade.points for grade in of_lab]
        full = sum(grade.graded and grade.points == grade.max for grade in of_lab)
        absent = sum(grade.reason == NOTHING for grade in of_lab)
        bad = sum(not grade.graded for grade in of_lab) - absent
        count = len(of_lab) - absent
        lines.append(
            f"{lab}: {count} submission{'s' * (count != 1)}, "
            + f"{absent} who handed in nothing, " * bool(absent)
            + f"mean {statistics.mean(points):.1f} and median {statistics.median(points):g} of "
            f"{of_lab[0].max:g} points, {full} with full marks, {bad} not gradable."
        )
    return lines


# ---------------------------------------------------------------- the class report

STYLE = """body { font-family: sans-serif; max-width: 60em; margin: 2em auto; line-height: 1.4 }
table { border-collapse: collapse; margin: 1em 0 } caption { text-align: left; font-weight: bold }
th, td { border-bottom: 1px solid #ccc; padding: .3em .7em; text-align: left; vertical-align: top }
td.n { text-align: right } .bar { background: #35608f; height: 1em; display: inline-block }"""


def report(grades: list[Grade]) -> str:
    """A page for the instructor: distribution, hardest exercises, commonest mistakes, what came to
    nothing, and what a person should look at."""
    parts = ["<h1>Class report</h1>"]
    for lab in sorted({grade.lab for grade in grades}):
        of_lab = [grade for grade in grades if grade.lab == lab]
        parts.append(f"<h2>{html.escape(lab)}</h2><p>{html.escape(summary(of_lab)[0])}</p>")
        parts += [_distribution(of_lab), _hardest(of_lab), _mistakes(of_lab)]
        absent = [grade.student for grade in of_lab if grade.reason == NOTHING]
        there = [grade for grade in of_lab if grade.reason != NOTHING]
        parts += [_people(there, "Not gradable", lambda g: [] if g.graded else [g.reason])]
        parts += [_people(of_lab, "To look at", lambda g: [*g.flags, *filter(None, [g.manual])])]
        if absent:
            names = html.escape(", ".join(absent))
            parts.append(f"<p><strong>Handed in nothing:</strong> {names}</p>")
    head = f"<title>Class report</title><style>{STYLE}</style>"
    body = "\n".join(filter(None, parts))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"{head}</head><body>{body}</body></html>\n"
    )


def _rows(caption: str, heads: list[str], rows: list[list[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{html.escape(one)}</th>' for one in heads)
    body = "".join("<tr>" + "".join(row) + "</tr>" for row in rows)
    return (
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def _td(text: str, number: bool = False) -> str:
    return f'<td class="n">{html.escape(text)}</td>' if number else f"<td>{html.escape(text)}</td>"


def _distribution(grades: list[Grade]) -> str:
    most = max((grade.max for grade in grades), default=0) or 1
    counts = Counter(min(9, int(10 * grade.points / most)) for grade in grades)
    longest = max(counts.values())
    rows = []
    for tenth in range(9, -1, -1):
        low, high = tenth * 10, "100" if tenth == 9 else f"under {tenth * 10 + 10}"
        width = round(20 * counts[tenth] / longest, 1)
        bar = f'<td><span class="bar" style="width: {width}em"></span></td>' if width else _td("")
        rows.append([_td(f"{low} to {high} %"), _td(str(counts[tenth]), True), bar])
    return _rows("Distribution", ["share of the points", "students", ""], rows)


def unanswered(cell: CellScore) -> bool:
    """Whether a test failed because there was no answer at all."""
    return cell.message.startswith("NotImplementedError")


def _hardest(grades: list[Grade]) -> str:
    shares: dict[str, list[float]] = {}
    empty: Counter[str] = Counter()
    for grade in grades:
        empty.update({cell.exercise for cell in grade.cells if grade.graded and unanswered(cell)})
        for name, (points, most) in grade.exercises().items():
            if most and grade.graded:
                shares.setdefault(name, []).append(points / most)
    order = sorted(shares, key=lambda name: statistics.mean(shares[name]))
    rows = [
        [
            _td(name),
            _td(f"{100 * statistics.mean(shares[name]):.0f} %", True),
            _td(f"{100 * statistics.mean(s == 1 for s in shares[name]):.0f} %", True),
            _td(f"{100 * empty[name] / len(shares[name]):.0f} %", True),
        ]
        for name in order
    ]
    heads = ["exercise", "mean share of its points", "full marks", "left something out"]
    return _rows("Hardest exercises first", heads, rows)


def _mistakes(grades: list[Grade], most: int = 15) -> str:
    said = Counter(
        (one.cell, one.message.splitlines()[0][:300])
        for grade in grades
        if grade.graded
        for one in grade.cells
        if one.message.strip() and not unanswered(one)
    )
    rows = [[_td(str(n), True), _td(c), _td(m)] for (c, m), n in said.most_common(most)]
    return _rows("Commonest mistakes", ["students", "test", "what it said"], rows)


def _people(grades: list[Grade], caption: str, what: object) -> str:
    rows = [[_td(g.student), _td("; ".join(what(g)))] for g in grades if what(g)]
    return _rows(caption, ["student", ""], rows)
