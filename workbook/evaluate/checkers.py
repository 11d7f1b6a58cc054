"""One door to all checks: from a question and an answer to a verdict that says why."""

import json
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbook.errors import CourseError
from workbook.evaluate import calls, extract, sandbox, steps
from workbook.evaluate.answers import fraction, plain_call, same_fraction, same_text

if TYPE_CHECKING:
    from workbook.evaluate.banks import Question


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right. `found` is what was read out of it as text (answers that mean
    the same have the same), empty when there was nothing; `why` says what is wrong with it, empty
    when it is right."""

    right: bool
    found: str = ""
    why: str = ""


def judge(question: "Question", text: str, tool_calls: list) -> Verdict:
    """The verdict of the question's checker.

    number: `expected` is a number; options `tolerance` (absolute) and `unit` (of time); `why`
    names the first wrong step of the working (see steps).
    yes_no: `expected` is "yes" or "no". contains: the answer contains `expected`.
    fraction: `expected` is a fraction like "3/8"; decimals (four of them) and percent count too.
    text: `expected` is the whole answer, in words; capitals and a last full stop do not count.
    math: `expected` is LaTeX, as in MATH-500: equal as numbers, else as written.
    python: `expected` is a test for the code in the answer, run in a sandbox; option `prompt` is
    code that the answer goes on from (HumanEval), `entry` the function that must be there.
    tool_calls: `expected` is a list of calls (see calls.compare); options `tolerance`, `loose`.

    Raises CourseError for an unknown checker, and where code cannot be run in a sandbox.
    """
    check = _CHECKS.get(question.checker)
    if check is None:
        raise CourseError(
            f"Question {question.id} names the unknown checker {question.checker!r}: choose one "
            f"of {', '.join(_CHECKS)}."
        )
    return check(question, text, tool_calls)


def _number(question: "Question", text: str, _: list) -> Verdict:
    options, expected = question.options, float(question.expected)
    found = extract.number(text, options.get("unit", ""))
    if found is None:
        return Verdict(False, "", "there is no number in it")
    right = extract.same_number(
        text, expected, options.get("tolerance", 0.005), options.get("unit", "")
    )
    shown = f"{round(found, 6):g}" if abs(found) < 1e6 else f"{found:.0f}"
    return Verdict(right, shown, "" if right else f"{shown} is not {expected:g}{_step(text)}")


def _step(text: str) -> str:
    """The first step of the working that is wrong, where there is one."""
    found = steps.check(text)
    if found.right:
        return ""
    value = f" (it is {found.value})" if found.value else ""
    return f", first wrong step: {found.wrong}{value}"


def _yes_no(question: "Question", text: str, _: list) -> Verdict:
    found = extract.yes_no(text)
    if found is None:
        return Verdict(False, "", "there is neither yes nor no in it")
    right = found == question.expected
    return Verdict(right, found, "" if right else f"{found} is not {question.expected}")


def _contains(question: "Question", text: str, _: list) -> Verdict:
    right = str(question.expected).lower() in text.lower()
    return Verdict(right, text.strip(), "" if right else f"{question.expected!r} is not in it")


def _fraction(question: "Question", text: str, _: list) -> Verdict:
    value = fraction(text)
    if value is None:
        return Verdict(False, "", "there is no fraction in it")
    found = str(value.limit_denominator(1000))
    right = same_fraction(text, str(question.expected))
    return Verdict(right, found, "" if right else f"{found} is not {question.expected}")


def _text(question: "Question", text: str, _: list) -> Verdict:
    found = extract.final_answer(text).strip(" .!\"'").lower()
    right = same_text(text, str(question.expected))
    return Verdict(right, found, "" if right else f"{found!r} is not {question.expected!r}")


def _math(question: "Question", text: str, _: list) -> Verdict:
    said = extract.stated(text)
    if said is None:
        said = text.strip().rpartition("\n")[2]
        dollars = re.findall(r"\$([^$]+)\$", said)
        said = dollars[-1] if dollars else said
    found, wanted = _latex(said), _latex(str(question.expected))
    number = _only_number(wanted)
    right = found == wanted
    if not right and number is not None:
        value = extract.number(text)
        right = value is not None and abs(value - number) <= 1e-6 * max(1, abs(number))
    return Verdict(right, found, "" if right else f"{found} is not {wanted}")


def _latex(text: str) -> str:
    """LaTeX without what does not change its value: spaces, dollar signs, units in text."""
    text = text.strip().strip("$").strip().rstrip(".")
    for pattern, plain in (
        (r"\\text\{\s*([^{}]*?)\s*\}", r"\1"), (r"\\(?:left|right|,|!|;|:|quad|displaystyle)", ""),
        (r"\\[dt]frac", r"\\frac"), (r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}"),
        (r"\\%|%", ""), (r"\\\$", ""), (r"\^\{?\\circ\}?", ""), (r"\{,\}", ""),
        (r"(?<=\d),(?=\d{3}(?!\d))", ""), (r"\\cdot|\\times", "*"), (r"\s+", ""),
        (r"^[a-zA-Z]\s*=\s*", ""), (r"\\sqrt(\w)", r"\\sqrt{\1}"),
    ):  # fmt: skip
        text = re.sub(pattern, plain, text)
    return text


def _only_number(latex: str) -> float | None:
    """The value of LaTeX that is one number and nothing else."""
    plain = re.sub(r"\\frac\{(-?\d+)\}\{(\d+)\}", r"\1/\2", latex)
    if not re.fullmatch(r"-?(\d+(\.\d+)?|\.\d+)(/\d+)?", plain):
        return None
    return extract.number(plain)


def _python(question: "Question", text: str, _: list) -> Verdict:
    source = extract.code(text)
    options = question.options
    if prompt := options.get("prompt"):
        source = _gone_on(prompt, options["entry"], source, text)
    if not source:
        return Verdict(False, "", "there is no code in it")
    outcome = sandbox.run(source, tests=str(question.expected))
    return Verdict(outcome.finished, source, outcome.why)


def _gone_on(prompt: str, entry: str, source: str, text: str) -> str:
    """The whole program where an answer goes on from a prompt: with the prompt's imports and
    helpers when it writes the function anew, else as the body of the prompt's function."""
    defines = re.compile(rf"^(async def|def|class)\s+{re.escape(entry)}\b", re.M)
    if defines.search(source):
        begin = defines.search(prompt)
        return (prompt[: begin.start()] if begin else "") + source
    body = textwrap.indent(textwrap.dedent(source or text), "    ")
    return f"{prompt.rstrip()}\n{body}"


def _tool_calls(question: "Question", text: str, tool_calls: list) -> Verdict:
    options = question.options
    plain = [plain_call(call) for call in tool_calls]
    found = json.dumps(sorted(plain, key=repr), sort_keys=True, ensure_ascii=False)
    fault = calls.compare(
        tool_calls,
        question.expected,
        question.tools,
        tolerance=options.get("tolerance", 1e-6),
        loose=options.get("loose", False),
    )
    return Verdict(fault is None, found, "" if fault is None else fault.why)


_CHECKS = {
    "number": _number,
    "yes_no": _yes_no,
    "contains": _contains,
    "fraction": _fraction,
    "text": _text,
    "math": _math,
    "python": _python,
    "tool_calls": _tool_calls,
}
