r"""Read four public benchmarks from their original files, which you bring yourself.

Nothing is downloaded, and nothing of them is in this repository: get the files from where their
authors publish them, put them into a folder, and give that folder.

| name | file in the folder | from | licence |
| --- | --- | --- | --- |
| gsm8k | `test.jsonl` | github.com/openai/grade-school-math, `grade_school_math/data` | MIT |
| humaneval | `HumanEval.jsonl.gz` (or unpacked) | github.com/openai/human-eval, `data` | MIT |
| math500 | `test.jsonl` | github.com/openai/prm800k, `prm800k/math_splits` (Git LFS) | MIT |
| bfcl | `BFCL_v*_<category>.json` and `possible_answer/` | github.com/ShishirPatil/gorilla, \
`berkeley-function-call-leaderboard/bfcl_eval/data` | Apache-2.0 |

The formats, as their authors describe them:

- GSM8K (Cobbe et al. 2021): a line is {"question", "answer"}; the answer is a worked solution, and
  its last line is `#### ` and the number.
- HumanEval (Chen et al. 2021): a line is {"task_id", "prompt", "entry_point",
  "canonical_solution", "test"}; `prompt` is a function's head with its docstring, `test` defines
  `check(candidate)`.
- MATH-500 (Lightman et al. 2023; problems of Hendrycks et al. 2021): a line is {"problem",
  "solution", "answer", "subject", "level", "unique_id"}; the answer is LaTeX.
- BFCL (Patil et al.): a line is {"id", "question", "function"}; `question` is a list of turns, each
  a list of messages; `function` is a list of functions whose parameters use Python's names of types
  (dict, float, tuple, any). In `possible_answer`, the same id has `ground_truth`: a list of calls
  {function: {argument: [right values]}}, where "" among the values means that the argument may be
  left out. The irrelevance categories have no answers: there, no call is right. Only single turns
  of Python functions are read: simple, multiple, parallel, parallel_multiple, irrelevance, and
  their live versions.
"""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from workbook.errors import CourseError
from workbook.evaluate import extract
from workbook.evaluate.banks import Question

SAMPLE = Path(__file__).parent / "data" / "sample"
"""Twenty items in the four formats, written by hand for this course (five each, MIT): they show
the formats and test the readers, and are far too few to measure anything."""

STEP_BY_STEP = "Think step by step, then end with a line `Answer:` and the answer alone."


def load(name: str, folder: Path | str, limit: int | None = None) -> list[Question]:
    """The questions of a benchmark in a folder; limit: at most so many of each family.

    Raises CourseError for an unknown benchmark, a folder without its files, and a line that is
    not in its format.
    """
    if name not in _READERS:
        raise CourseError(f"There is no benchmark {name!r}: choose one of {', '.join(_READERS)}.")
    folder = Path(folder)
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder}: give the one with the files of {name}.")
    taken: dict[str, int] = {}
    chosen = []
    for question in _READERS[name](folder):
        count = taken[question.family] = taken.get(question.family, 0) + 1
        if limit is None or count <= limit:
            chosen.append(question)
    return chosen


def _gsm8k(folder: Path) -> Iterator[Question]:
    for i, row in _rows(_found(folder, "gsm8k", "test.jsonl"), _gsm8k_row):
        yield Question(
            id=f"gsm8k/{i}", family="gsm8k", prompt=row["question"], expected=row["number"],
            checker="number", source="GSM8K (Cobbe et al. 2021)", system=STEP_BY_STEP,
        )  # fmt: skip


def _gsm8k_row(row: dict) -> dict:
    number = extract.number(row["answer"].rpartition("####")[2])
    if "####" not in row["answer"] or number is None:
        raise ValueError("the answer has no number after ####")
    return {"question": row["question"], "number": number}


def _humaneval(folder: Path) -> Iterator[Question]:
    file = _found(folder, "humaneval", "HumanEval.jsonl.gz", "HumanEval.jsonl")
    for _, row in _rows(file, lambda row: row):
        prompt, entry = row["prompt"], row["entry_point"]
        yield Question(
            id=f"humaneval/{row['task_id'].rpartition('/')[2]}", family="humaneval",
            prompt=f"Complete this Python function. Give the whole function.\n\n"
                   f"```python\n{prompt}```",
            expected=f"{row['test']}\n\ncheck({entry})", checker="python",
            source="HumanEval (Chen et al. 2021)", options={"prompt": prompt, "entry": entry},
        )  # fmt: skip


def _math500(folder: Path) -> Iterator[Question]:
    for i, row in _rows(_found(folder, "math500", "test.jsonl"), lambda row: row):
        subject = row["subject"].lower().replace(" & ", "_and_").replace(" ", "_")
        yield Question(
            id=f"math500/{row.get('unique_id', i)}", family=f"math500/{subject}",
            prompt=row["problem"], expected=row["answer"], checker="math",
            source="MATH-500 (Lightman et al. 2023; Hendrycks et al. 2021)",
            system=r"Think step by step, then put the answer alone into \boxed{}.",
            difficulty=str(row["level"]),
        )  # fmt: skip


CATEGORIES = ("simple", "simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance")


def _bfcl(folder: Path) -> Iterator[Question]:
    files = [(f, c) for f in sorted(folder.glob("BFCL_v*_*.json")) if (c := _category(f))]
    if not files:
        raise CourseError(
            f"There is no BFCL file in {folder}: it should hold BFCL_v4_simple_python.json or "
            f"another of {', '.join(CATEGORIES)}, and the folder possible_answer."
        )
    for file, category in files:
        right = _ground_truth(folder / "possible_answer" / file.name, category)
        for _, row in _rows(file, _bfcl_row):
            if row["id"] not in right and "irrelevance" not in category:
                raise CourseError(f"{file} has {row['id']}, and its possible_answer has not.")
            *history, last = row["messages"]
            yield Question(
                id=f"bfcl/{row['id']}", family=f"bfcl/{category}", prompt=last["content"],
                expected=right.get(row["id"], []), checker="tool_calls",
                source="BFCL (Patil et al.)", licence="Apache-2.0", history=history,
                tools=row["tools"], options={"loose": True},
            )  # fmt: skip


def _category(file: Path) -> str:
    category = re.sub(r"^BFCL_v\d+_", "", file.stem)
    return category if category.removeprefix("live_") in CATEGORIES else ""


def _bfcl_row(row: dict) -> dict:
    turns = row["question"]
    if len(turns) != 1 or not turns[0] or turns[0][-1]["role"] != "user":
        raise ValueError("it is not one turn that ends with the user")
    tools = [{**function, "parameters": _json_schema(function["parameters"])}
             for function in row["function"]]  # fmt: skip
    return {"id": row["id"], "messages": turns[0], "tools": tools}


_TYPES = {"dict": "object", "float": "number", "tuple": "array", "list": "array", "bool": "boolean",
          "str": "string", "int": "integer"}  # fmt: skip


def _json_schema(schema: Any) -> Any:
    """BFCL's parameters as JSON Schema: `any` is no restriction."""
    if isinstance(schema, list):
        return [_json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _json_schema(value) for key, value in schema.items()}
    kind = made.get("type")
    if isinstance(kind, str):
        kind = kind.lower()
        if kind == "any":
            del made["type"]
        else:
            made["type"] = _TYPES.get(kind, kind)
    return made


def _ground_truth(file: Path, category: str) -> dict[str, list[dict]]:
    if "irrelevance" in category:
        return {}
    if not file.exists():
        raise CourseError(f"There is no {file}: BFCL keeps its right answers there.")
    return {row["id"]: row["calls"] for _, row in _rows(file, _truth_row)}


def _truth_row(row: dict) -> dict:
    calls = [_truth(name, given) for call in row["ground_truth"] for name, given in call.items()]
    return {"id": row["id"], "calls": calls}


def _truth(name: str, given: dict[str, list]) -> dict:
    accept = {key: _alternatives(values) for key, values in given.items()}
    optional = [key for key, values in given.items() if "" in values]
    return {"name": name, "arguments": {}, "accept": accept, "optional": optional}


def _alternatives(values: list) -> list:
    """The right values of an argument. A dictionary in it has a list of right values under each
    of its keys: it becomes one dictionary for each choice."""
    made = []
    for value in values:
        if isinstance(value, dict) and all(isinstance(v, list) for v in value.values()):
            made += _choices(value)
        elif value != "" or len(values) == 1:
            made.append(value)
    return made


def _choices(value: dict[str, list]) -> list[dict]:
    choices: list[dict] = [{}]
    for key, values in value.items():
        choices = [
            choice if v == "" and len(values) > 1 else {**choice, key: v}
            for choice in choices
            for v in values
        ][:1000]
    return choices


_READERS: dict[str, Callable[[Path], Iterator[Question]]] = {
    "gsm8k": _gsm8k,
    "humaneval": _humaneval,
    "math500": _math500,
    "bfcl": _bfcl,
}
NAMES = tuple(_READERS)


def _found(folder: Path, name: str, *files: str) -> Path:
    for file in files:
        if (folder / file).exists():
            return folder / file
    raise CourseError(
        f"There is no {' or '.join(files)} in {folder}: get it from where {name} is published."
    )


def _rows(file: Path, read: Callable[[dict], dict]) -> Iterator[tuple[int, dict]]:
    """(number from 0, row) of a JSON Lines file, packed or not."""
    opened = gzip.open if file.suffix == ".gz" else open
    try:
        with opened(file, "rt", encoding="utf-8") as lines:
            texts = [line for line in lines if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{file} cannot be read ({error}): get it again.") from None
    for i, text in enumerate(texts):
        try:
            row = read(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise CourseError(
                f"{file}, line {i + 1} is not in its format ({type(error).__name__}: {error}): get "
                f"the original file."
            ) from None
        yield i, row
