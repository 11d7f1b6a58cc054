"""Checks of lab 06: answer extraction, steps, votes, intervals."""

import builtins
import contextlib
import json
import math
import random
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from workbook.course.checks import Mistake, check, kind, real, refuses, whole
from workbook.evaluate import banks, results
from workbook.evaluate import quality as labelled_answers

Record = dict[str, Any]

# ---------------------------------------------------------------- exercise 1: extraction


@check
def stated(function: Callable, text: str, expected: str) -> None:
    """Check stated(text). Raises Mistake."""
    call = f"stated({_shown(text)})"
    found = _called(function, call, text)
    if type(found) is not str:
        raise Mistake(f"{call} gave {kind(found)}: give a text (str).")
    if found == expected:
        return
    after = re.findall(r"answer:(.*)", text.replace("**", ""), re.IGNORECASE)
    lines = [line.strip() for line in text.replace("**", "").splitlines() if line.strip()]
    said = "Compare with the four rules above, one by one."
    if found.strip() == expected:
        said = "Take the blanks around it away (strip)."
    elif found.replace("**", "").strip() == expected:
        said = "The stars of bold print are still in it: take every ** out first."
    elif after and not found.strip():
        said = "Nothing follows that Answer:, so it names nothing: take the last line."
    elif len(after) > 1 and found.strip() == after[0].strip():
        said = "That follows the first Answer: in the text; the last one counts."
    elif expected and found.strip().startswith(expected) and "\n" in found:
        said = "It goes on into the next line: stop at the end of the line."
    elif after and lines and found.strip() == lines[-1]:
        said = "That is the last line, but the text names its answer: look for Answer: first, in "
        said += "small letters and capitals, with the ** taken out."
    elif not after and found.strip() == text.strip():
        said = "Without an Answer: it is the last line alone that counts."
    raise Mistake(f"{call} gave {found!r} and {expected!r} is right. {said}")


@check
def number(function: Callable, text: str, expected: float | None) -> None:
    """Check number(text); expected: None where there is no number. Raises Mistake."""
    call = f"number({_shown(text)})"
    try:
        found = _called(function, call, text)
    except ZeroDivisionError:
        raise Mistake(f"{call} divided by 0: a fraction with 0 below is no number.") from None
    if found is None and expected is not None:
        raise Mistake(
            f"{call} gave None and {expected:g} is right. Does your pattern know this way to write "
            "a number, and is there a `return`?"
        )
    if found is None or (type(found) is float and math.isnan(found)):
        if found is not None:
            raise Mistake(f"{call} gave nan: where there is no number, give None.")
        return
    if type(found) is str:
        raise Mistake(f"{call} gave text (str): turn it into a float.")
    if type(found) is int or type(found) is Fraction:
        raise Mistake(f"{call} gave {kind(found)}: give a float, whatever the number is.")
    found = real(call, found)
    if expected is None:
        raise Mistake(f"{call} gave {found:g}, and there is no number in that answer: give None.")
    if not math.isclose(found, expected, rel_tol=1e-9):
        raise Mistake(f"{call} gave {found:g} and {expected:g} is right. {_misread(text, found)}")


def _misread(text: str, found: float) -> str:
    """What to say of a number that is in the text and is not its answer."""
    if f"-{found:g}" in text:
        return "The minus sign before it was lost."
    if re.search(rf"(?<![\d.]){found:g},\d{{3}}", text):
        return "You stopped at the comma: commas between thousands belong to the number."
    if re.search(rf"(?<![\d.]){found:g}\s*/\s*\d", text):
        return "You took the number above the line: divide it by the one below."
    if re.search(rf"(?<![\d.]){found:g}\.\d", text):
        return "You stopped at the decimal point: what is behind it belongs to the number."
    if re.search(rf"(?<![\d.]){found:g}(?![\d.])", text):
        return "That number is in the text too, but not the first one of the stated answer."
    return "Compare with hint 1."


@check
def quality(
    function: Callable, verdicts: list[bool], labels: list[bool], expected: tuple[float, float]
) -> None:
    """Check quality(verdicts, labels) against (precision, recall). Raises Mistake."""
    found = function(list(verdicts), list(labels))
    if type(found) is not tuple or len(found) != 2:
        raise Mistake(f"quality gave {kind(found)}: give two numbers, `return precision, recall`.")
    precision, recall = (
        real(name, value) for name, value in zip(("precision", "recall"), found, strict=True)
    )
    if _near(precision, expected[0]) and _near(recall, expected[1]):
        return
    agreed = sum(v == w for v, w in zip(verdicts, labels, strict=True)) / len(labels)
    said = "Both have the answers that are called right and are right above the line."
    if _near(precision, expected[1]) and _near(recall, expected[0]):
        said = "They are turned around: precision is a share of those called right."
    elif _near(precision, agreed) or _near(recall, agreed):
        said = "That is the share of answers on which both agree: wrong ones count there too."
    elif _near(precision, 100 * expected[0]) or _near(recall, 100 * expected[1]):
        said = "That is percent: give shares from 0 to 1."
    elif precision > 1 or recall > 1:
        said = "A share is at most 1: divide the count."
    raise Mistake(
        f"quality gave {precision:g}, {recall:g} and {expected[0]:g}, {expected[1]:g} is right. "
        f"{said}"
    )


@check
def refuses_quality(function: Callable, verdicts: list[bool], labels: list[bool], why: str) -> None:
    """Check that quality() raises ValueError; why: what is wrong. Raises Mistake."""
    refuses(why, function, list(verdicts), list(labels))


def labelled() -> list[Record]:
    """Answers that end in a number, labelled by hand: {"text", "expected", "right"} each."""
    lines = (banks.DATA / labelled_answers.LABELLED).read_text(encoding="utf-8").splitlines()
    rows = (json.loads(line) for line in lines)
    keys = ("text", "expected", "right")
    return [{key: row[key] for key in keys} for row in rows if row["checker"] == "number"]


# ---------------------------------------------------------------- exercise 2: steps

THREE_WRONG = [(1, "2 / 3 = 0.66"), (1, "5+3x4=32"), (3, "9 - 4 = 6")]


@check
def value(function: Callable, expression: str, expected: Fraction) -> None:
    """Check value(expression). Raises Mistake."""
    call = f"value({expression!r})"
    with _eval_refused(expression):
        found = _called(function, call, expression)
    if type(found) is float:
        raise Mistake(f"{call} gave the float {found!r}: floats round, Fraction does not.")
    if type(found) is not Fraction:
        raise Mistake(f"{call} gave {kind(found)}: give a Fraction, also for a whole number.")
    if found == expected:
        return
    said = "Split it into terms at + and -, and each term into factors at x and /."
    if found == _left_to_right(expression):
        said = "You went from left to right over all signs: x and / come before + and -."
    elif found == Fraction(float(expected)) or abs(found - expected) < Fraction(1, 10**9):
        said = "It was a float on the way: read the numbers with Fraction(text)."
    elif found == _right_to_left(expression):
        said = "You went from right to left: of equal signs the left one comes first."
    elif found == Fraction(re.split(r"[-+x/]", expression)[0].strip()):
        said = "That is the first number alone."
    raise Mistake(f"{call} gave {found} and {expected} is right. {said}")


@contextlib.contextmanager
def _eval_refused(expression: str) -> Iterator[None]:
    """Says so after the block if the expression was given to eval in it."""
    original, first = builtins.eval, re.split(r"[-+x/]", expression)[0].strip()
    seen = []

    def watched(source: Any, *more: Any, **named: Any) -> Any:
        if type(source) is str and first in source:
            seen.append(source)
        return original(source, *more, **named)

    builtins.eval = watched
    try:
        yield
    finally:
        builtins.eval = original
        if seen:
            raise Mistake(
                "value() gave the text to eval, which runs whatever a model wrote: read it, with "
                "patterns for the terms and factors."
            )


OPERATIONS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "x": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def _left_to_right(expression: str) -> Fraction:
    first, *rest = re.split(r"([-+x/])", expression.replace(" ", ""))
    total = Fraction(first)
    for sign, text in zip(rest[::2], rest[1::2], strict=True):
        total = OPERATIONS[sign](total, Fraction(text))
    return total


def _right_to_left(expression: str) -> Fraction:
    """As a function gives it that splits at the first sign of the weakest kind and calls
    itself."""
    for signs in (r"[-+]", r"[x/]"):
        if sign := re.search(signs, expression):
            left, right = expression[: sign.start()], expression[sign.end() :]
            return OPERATIONS[sign[0]](_right_to_left(left), _right_to_left(right))
    return Fraction(expression.strip())


@check
def refuses_value(function: Callable, expression: str, why: str) -> None:
    """Check that value(expression) raises ValueError; why: what the text is. Raises Mistake."""
    refuses(f"{expression!r} is {why}", function, expression)


@check
def wrong_steps(function: Callable, text: str, expected: list[tuple[int, str]]) -> None:
    """Check wrong_steps(text). Raises Mistake."""
    call = f"wrong_steps({_shown(text)})"
    found = _called(function, call, text)
    if type(found) is not list:
        raise Mistake(f"{call} gave {kind(found)}: give a list of pairs (line, text).")
    for pair in found:
        if type(pair) is not tuple or [type(part) for part in pair] != [int, str]:
            raise Mistake(f"{call} holds {pair!r}: every wrong step is a pair (line, text).")
    if found == expected:
        return
    raise Mistake(f"{call} gave {found} and {expected} is right. {_step_mistake(found, expected)}")


def _step_mistake(found: list[tuple[int, str]], expected: list[tuple[int, str]]) -> str:
    texts, right = [text for _, text in found], [text for _, text in expected]
    if texts == right:
        return "The lines are not counted as they should be: from 1, empty lines too."
    if [text.replace(" ", "") for text in texts] == [text.replace(" ", "") for text in right]:
        return "Give the step's text as it stands there (step[0])."
    if found and found == expected[: len(found)]:
        return "The steps after it are checked too: give all wrong ones."
    accused = [text for text in texts if text not in right]
    missed = [text for text in right if text not in texts]
    if accused == ["0.1 + 0.2 = 0.3"]:
        return "Floats do not give 0.3 here: compare fractions with fractions."
    if any(re.search(r"=\s*\d+\.\d+$", text) for text in accused):
        return "Half a unit of the last decimal that is shown is allowed."
    if any("/ 0" in text for text in missed):
        return "A division by 0 makes a step wrong."
    if any("." in text.partition("=")[2] for text in missed):
        return "More than half a unit of the last decimal is too much: 0.66 is 0.0067 off."
    return "A result without decimals must be exact."


# ---------------------------------------------------------------- exercise 3: voting


@check
def vote(function: Callable, found: list[float | None], expected: float | None) -> None:
    """Check vote(found). Raises Mistake."""
    call = f"vote({found})"
    given = _called(function, call, list(found))
    if given is None and expected is not None:
        raise Mistake(f"{call} gave None and {expected:g} is right. None does not vote.")
    if given is None:
        return
    given = real(call, given)
    if expected is None:
        raise Mistake(f"{call} gave {given:g}: where nothing was found, give None.")
    if given == expected:
        return
    said = "Count how often each result was found; the largest count wins."
    if found.count(given) == found.count(expected):
        said = "Both were found equally often: the one that was found first wins."
    elif expected == 0:
        said = "0 is a result like any other: only None does not vote."
    raise Mistake(f"{call} gave {given:g} and {expected:g} is right. {said}")


@check
def majority(function: Callable, p: float, n: int, expected: float) -> None:
    """Check majority(p, n). Raises Mistake."""
    call = f"majority({p}, {n})"
    found = real(call, function(p, n))
    if math.isclose(found, expected, rel_tol=1e-6):
        return
    terms = {k: math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)}
    above = range(n // 2 + 1, n + 1)
    said = "Sum the term over every k that is more than half of n."
    if math.isclose(found, sum(p**k * (1 - p) ** (n - k) for k in above)):
        said = "You left C(n, k) out: the k right answers may be any of the n."
    elif math.isclose(found, sum(terms[k] for k in above if k < n)):
        said = "The last k, with all answers right, is missing: a range leaves its end out."
    elif math.isclose(found, sum(terms[k] for k in range(n // 2, n + 1))):
        said = f"You began at k = {n // 2}, which is less than half of {n}."
    elif math.isclose(found, terms[n // 2 + 1]):
        said = "That is one k alone: more right answers are a majority too."
    elif math.isclose(found, 1 - expected):
        said = "That is the probability that the majority is wrong."
    raise Mistake(f"{call} gave {found:.6g} and {expected:.6g} is right. {said}")


@check
def refuses_majority(function: Callable, n: int) -> None:
    """Check that majority(0.6, n) raises ValueError. Raises Mistake."""
    why = f"{n} answers can tie" if n > 0 else f"{n} answers cannot vote"
    refuses(why, function, 0.6, n)


# ---------------------------------------------------------------- exercise 4: intervals


@check
def wilson(function: Callable, right: int, total: int) -> None:
    """Check wilson(right, total). Raises Mistake."""
    call = f"wilson({right}, {total})"
    found = _called(function, call, right, total)
    if type(found) is not tuple or len(found) != 2:
        raise Mistake(f"{call} gave {kind(found)}: give two numbers, `return low, high`.")
    low, high = real(f"low of {call}", found[0]), real(f"high of {call}", found[1])
    expected = results.wilson(right, total)
    if low < 0 or high > 1:
        raise Mistake(f"{call} gave {low!r} to {high!r}: cut it off at 0 and 1.")
    if _near(low, expected[0]) and _near(high, expected[1]):
        return
    said = "Compute middle and half one by one, and compare the brackets with the formula."
    if _near(low, expected[1]):
        said = "They are turned around: the low end comes first."
    elif _same((low, high), _plain(right, total)):
        said = "That is the plain interval around the share; Wilson's has a middle of its own."
    elif any(_same((low, high), results.wilson(right, total, z)) for z in (1.0, 1.645, 2.0, 2.576)):
        said = "The formula is right, but z is 1.96 here."
    elif high - low > 1.5 * (expected[1] - expected[0]):
        said = "That is too wide: is n below the line under the root as well?"
    raise Mistake(
        f"{call} gave {low:.4f} to {high:.4f} and {expected[0]:.4f} to {expected[1]:.4f} is "
        f"right. {said}"
    )


def _plain(right: int, total: int) -> tuple[float, float]:
    """The interval that is usual and wrong near 0 and 1."""
    share = right / total
    half = 1.96 * math.sqrt(share * (1 - share) / total)
    return max(0.0, share - half), min(1.0, share + half)


@check
def refuses_wilson(function: Callable, right: int, total: int) -> None:
    """Check that wilson(right, total) raises ValueError. Raises Mistake."""
    refuses(f"{right} of {total} is not a share", function, right, total)


def records(**families: tuple[int, int, int]) -> list[Record]:
    """Invented records, mixed; for each family how many are right, wrong and without a number."""
    generator = random.Random(7)
    made = []
    for family, (right, wrong, nothing) in families.items():
        for found in [0.004] * right + [-20.0] * wrong + [None] * nothing:
            expected = generator.randint(20, 900) / 4
            number = None if found is None else expected + found
            made.append({"family": family, "expected": expected, "found": number})
    generator.shuffle(made)
    return made


KEYS = {"right": int, "of": int, "share": float, "low": float, "high": float, "weak": bool}


@check
def report(function: Callable, asked: list[Record]) -> None:
    """Check report(records). Raises Mistake."""
    found = function([dict(record) for record in asked])
    if type(found) is not dict:
        raise Mistake(f"report gave {kind(found)}: give a dict of dicts.")
    families = list(dict.fromkeys(record["family"] for record in asked))
    if list(found) != [*families, "all"]:
        raise Mistake(
            f"report's keys are {', '.join(map(str, found))}; {', '.join(families)}, all is right: "
            "the families as they first come, then all."
        )
    groups = {name: [r for r in asked if r["family"] == name] for name in families}
    groups["all"] = asked
    overall = sum(map(_right, asked)) / len(asked)
    for name, group in groups.items():
        _check_line(f"report(records)[{name!r}]", found[name], group, overall)
    _check_weak(found, groups, overall)


def _right(record: Record) -> bool:
    found = record["found"]
    return found is not None and abs(found - record["expected"]) <= 0.005


def _check_line(name: str, line: Any, group: list[Record], overall: float) -> None:
    if type(line) is not dict:
        raise Mistake(f"{name} is {kind(line)}: give a dict with the keys {', '.join(KEYS)}.")
    missing = [key for key in KEYS if key not in line]
    if missing:
        raise Mistake(f"{name} has no {', '.join(missing)}.")
    right, total = sum(map(_right, group)), len(group)
    answered = sum(r["found"] is not None for r in group)
    if whole(f"{name}['of']", line["of"]) != total:
        said = "An answer without a number is an answer, and it is wrong."
        said = said if line["of"] == answered else "Count every record of the family."
        raise Mistake(f"{name}['of'] is {line['of']} and {total} is right. {said}")
    if whole(f"{name}['right']", line["right"]) != right:
        said = _count_mistake(line, group)
        raise Mistake(f"{name}['right'] is {line['right']} and {right} is right. {said}")
    if not _near(real(f"{name}['share']", line["share"]), right / total):
        raise Mistake(
            f"{name}['share'] is {line['share']:g} and {right / total:g} is right. Divide right by "
            "of; for all, count the records and do not average the families."
        )
    low, high = results.wilson(right, total)
    for key, expected in (("low", low), ("high", high)):
        if not _near(real(f"{name}[{key!r}]", line[key]), expected):
            raise Mistake(
                f"{name}[{key!r}] is {line[key]:.4f} and {expected:.4f} is right. It is Wilson's "
                "interval of right and of."
            )
    if type(line["weak"]).__name__ not in ("bool", "bool_"):  # NumPy's is one, too
        raise Mistake(f"{name}['weak'] is {kind(line['weak'])}: give True or False.")


def _count_mistake(line: Record, group: list[Record]) -> str:
    pairs = [(r["found"], r["expected"]) for r in group if r["found"] is not None]
    if line["right"] == sum(found == expected for found, expected in pairs):
        return "A number is right when it is at most 0.005 away, not only when it is equal."
    return "At most 0.005 away, whatever the size of the number, is right; None is wrong."


def _check_weak(found: Record, groups: dict[str, list[Record]], overall: float) -> None:
    for name, group in groups.items():
        high = results.wilson(sum(map(_right, group)), len(group))[1]
        if bool(found[name]["weak"]) is (high < overall):
            continue
        share = sum(map(_right, group)) / len(group)
        said = f"Its interval ends at {high:.3f}, and the share of all is {overall:.3f}."
        if found[name]["weak"] and share < overall:
            said += " A share below that is not enough: the whole interval must be."
        raise Mistake(f"report(records)[{name!r}]['weak'] is {found[name]['weak']}. {said}")


# ---------------------------------------------------------------- for all of them


def _called(function: Callable, call: str, *arguments: Any) -> Any:
    """What the function gives; a look into nothing is named. Raises Mistake."""
    try:
        return function(*arguments)
    except (IndexError, AttributeError, TypeError) as error:
        if not isinstance(error, IndexError) and "NoneType" not in str(error):
            raise
        said = f"{call} stopped with {type(error).__name__} ({error})"
    raise Mistake(f"{said}: what happens there when nothing is found?")


def _near(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9)


def _same(found: tuple[float, float], other: tuple[float, float]) -> bool:
    return _near(found[0], other[0]) and _near(found[1], other[1])


def _shown(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 60 else f"{shown[:25]} … {shown[-30:]}"
