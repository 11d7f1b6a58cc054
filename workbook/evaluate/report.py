"""What a run says: accuracy with intervals, cost, failures, and one run against another."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbook.errors import CourseError
from workbook.evaluate.results import by_family, wilson
from workbook.evaluate.runner import Answer, Run
from workbook.tables import Table


def summary(run: Run) -> dict[str, Any]:
    """A run as plain data, for a JSON file: what was asked, each family's accuracy (with its 95 %
    Wilson interval) and cost in tokens and seconds, the whole run's, and every answer."""
    groups = by_family(run.answers)
    return {
        "about": run.about,
        "seconds": round(run.seconds, 3),
        "families": {name: _row(group) for name, group in groups.items()},
        "all": _row(run.answers),
        "answers": [asdict(answer) for answer in run.answers],
    }


def save(run: Run, file: Path) -> Path:
    """Write a run's summary as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(summary(run), indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8", newline="\n")
    return file


def read(file: Path) -> Run:
    """A run that `save` wrote, without its questions: enough for `table` and `compare`.

    Raises CourseError when the file is not there or is something else.
    """
    file = Path(file)
    if not file.is_file():
        raise CourseError(f"There is no file {file}: name results that `workbook eval` wrote.")
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        answers = [Answer(**row) for row in data["answers"]]
        return Run(dict(data["about"]), [], answers, float(data["seconds"]))
    except (ValueError, KeyError, TypeError):
        raise CourseError(
            f"{file} does not hold results: name the .json file that `workbook eval` wrote."
        ) from None


def _row(answers: list[Answer]) -> dict[str, Any]:
    right, total = sum(a.right for a in answers), len(answers)
    seconds = [a.seconds for a in answers if not a.error]
    return {
        "right": right,
        "total": total,
        "interval": [round(bound, 4) for bound in wilson(right, total)],
        "errors": sum(bool(a.error) for a in answers),
        "prompt_tokens": sum(a.prompt_tokens for a in answers),
        "completion_tokens": sum(a.completion_tokens for a in answers),
        "seconds": round(sum(seconds), 3),
    }


def table(run: Run) -> Table:
    """One row a family, and one for all. The seconds are those of a request, on average; answers
    that never came count as wrong."""
    data = summary(run)
    rows = {**data["families"], "all": data["all"]}
    caption = f"{run.about['model']}: {len(run.answers)} answers"
    return Table([_shown(name, row) for name, row in rows.items()], caption)


def _shown(name: str, row: dict[str, Any]) -> dict[str, str]:
    low, high = row["interval"]
    came = row["total"] - row["errors"]
    return {
        "family": name,
        "right": str(row["right"]),
        "of": str(row["total"]),
        "accuracy": f"{row['right'] / row['total']:.0%}",
        "95 % interval": f"{low:.0%} to {high:.0%}",
        "errors": str(row["errors"]),
        "tokens in": str(row["prompt_tokens"]),
        "tokens out": str(row["completion_tokens"]),
        "s each": f"{row['seconds'] / came:.2f}" if came else "-",
    }


def failures(run: Run, limit: int | None = None) -> Table | None:
    """The wrong answers with their questions and reasons; None when there are none. limit: at
    most so many."""
    questions = {question.id: question for question in run.questions}
    wrong = [answer for answer in run.answers if not answer.right]
    rows = [
        {
            "id": answer.id,
            "question": _short(questions[answer.id].prompt),
            "wanted": _short(_text(questions[answer.id].expected)),
            "answer": _short(
                answer.text or (_text(answer.tool_calls) if answer.tool_calls else "")
            ),
            "why": answer.error or answer.why,
        }
        for answer in wrong[:limit]
    ]
    return Table(rows, f"{len(wrong)} of {len(run.answers)} are wrong") if rows else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(text: str, most: int = 70) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most // 2]} … {text[-most // 2 + 3 :]}"


@dataclass(frozen=True)
class Comparison:
    """Two runs over the same questions. `first` and `second` are how many each has right alone,
    `both` and `neither` the rest; `p` is the two-sided p-value of McNemar's exact test: how often
    chance alone would split the answers on which they differ as unevenly as this."""

    both: int
    neither: int
    first: int
    second: int

    @property
    def p(self) -> float:
        """0 to 1; 1 when the runs never differ."""
        return mcnemar(self.first, self.second)

    def table(self, names: tuple[str, str] = ("first", "second")) -> Table:
        """The four counts, with the accuracy of each run and the p-value."""
        one, two = names
        total = self.both + self.neither + self.first + self.second
        row = {
            f"{one} right": f"{self.both + self.first} of {total}",
            f"{two} right": f"{self.both + self.second} of {total}",
            f"only {one}": str(self.first),
            f"only {two}": str(self.second),
            "p (McNemar, exact)": f"{self.p:.3f}",
        }
        return Table([row])


def mcnemar(first: int, second: int) -> float:
    """The two-sided p-value of McNemar's test in its exact, binomial form.

    first, second: on how many questions only the one, or only the other, is right. Raises
    ValueError for a negative number.
    """
    if first < 0 or second < 0:
        raise ValueError(f"{first} and {second} are not counts")
    total = first + second
    tail = sum(math.comb(total, i) for i in range(min(first, second) + 1)) / 2**total
    return min(1.0, 2 * tail)


def compare(one: Run, other: Run) -> Comparison:
    """Two runs, question by question (and sample by sample where one of them has several).

    Raises CourseError when they did not ask the same.
    """
    runs = (one, other)
    single = all(len({a.id for a in run.answers}) == len(run.answers) for run in runs)
    # A vote keeps one of several samples, which need not be the first.
    first, second = ({(a.id, 0 if single else a.sample): a.right for a in r.answers} for r in runs)
    if first.keys() != second.keys():
        both = len(first.keys() & second.keys())
        raise CourseError(
            f"Only runs over the same questions can be compared: these have {len(first)} and "
            f"{len(second)} answers, {both} of them to the same questions."
        )
    pairs = [(first[key], second[key]) for key in first]
    return Comparison(
        both=pairs.count((True, True)),
        neither=pairs.count((False, False)),
        first=pairs.count((True, False)),
        second=pairs.count((False, True)),
    )
