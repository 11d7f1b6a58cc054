r"""Find the final answer in what a model wrote: a number, a yes or no, or code.

Where an answer stands, in this order: in the last `\boxed{}`, after the last `Answer:` (also
"the answer is", and GSM8K's `####`), else at the end of the text.
"""

import math
import re
import textwrap
from fractions import Fraction

STATED = re.compile(
    r"(?:\banswer\b[*_`]*\s*(?::|=|is\b|would be\b)|^\s*####)[*_`:\s]*(.+)", re.IGNORECASE | re.M
)
_DENIED = re.compile(
    r"\b(?:can ?not|can['’]t|not) (?:be )?(?:logically )?conclude|\bnot necessarily|"
    r"\b(?:does|do)(?:n['’]t| not) (?:necessarily )?follow",
    re.IGNORECASE,
)
_GRANTED = re.compile(r"\b(?:can|may) (?:be )?(?:logically )?conclude|\bit follows", re.IGNORECASE)
_UNITS = {
    "h": 1.0, "hr": 1.0, "hrs": 1.0, "hour": 1.0, "hours": 1.0,
    "min": 1 / 60, "mins": 1 / 60, "minute": 1 / 60, "minutes": 1 / 60,
    "s": 1 / 3600, "sec": 1 / 3600, "second": 1 / 3600, "seconds": 1 / 3600,
    "day": 24.0, "days": 24.0,
}  # fmt: skip
"""Units of time, in hours."""

_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
).split()
_DIGITS = (
    r"(?:\d{1,3}(?:[,\u202f\u00a0]\d{3})+(?!\d)|\d{1,3}(?:\.\d{3})+(?=,\d)|\d+)"
    r"(?:\.\d+|(?<=\.\d{3}),\d+)?|\.\d+"
)
_NUMBER = re.compile(
    rf"(?<![\w.])(?P<sign>(?<![)\]])-)?(?:[$€£](?P<minus>-)?)?"
    rf"(?:(?P<whole>\d+)\s+(?P<n>\d+)/(?P<d>\d+)"  # 1 1/2
    rf"|(?P<top>{_DIGITS})\s*/\s*(?P<bottom>{_DIGITS})"  # 3/4
    rf"|(?P<plain>{_DIGITS}))"
    r"(?:\s*[x*]\s*10\s?\^\s?\(?(?P<ten>-?\d+)\)?|[eE](?P<e>[+-]?\d+)\b)?"
    r"(?P<power>\^\(?-?\d+\)?)?"
    r"(?:\s*(?P<scale>thousand|million|billion)\b)?",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"(?<![\d.])(?P<h>\d+)\s*(?:h|hrs?|hours?)\s*,?\s*(?:and\s+)?(?P<m>\d+(?:\.\d+)?)\s*"
    r"(?:m|mins?|minutes?)\b",
    re.IGNORECASE,
)


def boxed(text: str) -> str | None:
    r"""What stands in the last `\boxed{...}`, braces inside it included; None without one."""
    start = max(text.rfind(r"\boxed{"), text.rfind(r"\fbox{"))
    if start < 0:
        return None
    start = text.index("{", start) + 1
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if not depth:
            return text[start:place].strip()
    return None


def stated(text: str) -> str | None:
    """The answer that a text names as its answer, None when it names none."""
    if (inside := boxed(text)) is not None:
        return inside
    found = STATED.findall(text)
    return found[-1].strip() if found else None


def final_answer(text: str) -> str:
    r"""What stands in the last `\boxed{}`, else what follows the last `Answer:` up to the end of
    its line; the whole text without either."""
    found = stated(text)
    return text.strip() if found is None else found


def number(text: str, unit: str = "") -> float | None:
    r"""The number of the final answer; None when there is no number.

    In a stated answer it is the one in bold, else the one after the last `=`, else the first one;
    elsewhere it is one in bold in the last line, else the last one of the text. Thousands
    separators, fractions, mixed numbers, LaTeX, powers of ten and "2 million" are understood; a
    percentage is its number (44 % is 44). "2 hours 24 minutes" is 2.4.

    unit: of time (hours, minutes, ...): an answer that names another one is converted to it.
    """
    answer = stated(text)
    if answer is not None:
        cleaned = clean(answer)
        for part in (*_bold(cleaned), cleaned.rpartition("=")[2], cleaned):
            if values := _values(part, unit):
                return values[0]
        if words := [w for w in re.findall(r"[a-z]+", cleaned.lower()) if w in _WORDS]:
            return float(_WORDS.index(words[0]))
    cleaned = clean(text)
    last = cleaned.strip().rpartition("\n")[2]
    for part in _bold(last)[::-1]:
        if re.match(r"\W*\d", part) and not re.match(r"\d+[.)]\s+[a-z]", part, re.IGNORECASE):
            return _values(part, unit)[0]
    values = _values(cleaned, unit)
    return values[-1] if values else None


def same_number(text: str, expected: float, tolerance: float = 0.005, unit: str = "") -> bool:
    """True when the text's final number is the expected one, within an absolute tolerance."""
    found = number(text, unit)
    return found is not None and math.isclose(found, expected, rel_tol=1e-9, abs_tol=tolerance)


def yes_no(text: str) -> str | None:
    """`yes` or `no`: the first such word of a stated answer, or the one that the text begins
    with, or its last one; reasons are ignored. True is yes and false is no; without any such
    word, "cannot conclude" and "does not follow" are no, "can conclude" is yes. None when there
    is nothing of that kind."""
    answer = stated(text)
    for part in (answer, text) if answer is not None else (text,):
        words = re.findall(r"\b(yes|no|true|false)\b", part, flags=re.IGNORECASE)
        if words:
            first = re.match(r"\W*(yes|no|true|false)\b", part, flags=re.IGNORECASE)
            word = words[0] if first or part is answer else words[-1]
            return "yes" if word.lower() in ("yes", "true") else "no"
        if _DENIED.search(part):
            return "no"
        if _GRANTED.search(part):
            return "yes"
    return None


def code(text: str) -> str:
    """The Python in an answer: its fenced blocks that define something, else its longest block;
    without a fence, the lines from the first that looks like Python, as far as they compile.
    Empty when there is none."""
    # The closing fence may be missing: the answer was cut.
    blocks = re.findall(r"```[ \t]*(\w*)[^\n]*\n(.*?)(?:\n[ \t]*```|\Z)", text, flags=re.S)
    python = [b for name, b in blocks if name.lower() in ("", "python", "py", "python3")]
    if python:
        python = [textwrap.dedent(block) for block in python]
        defining = [b for b in python if re.search(r"^\s*(async def|def|class)\s", b, re.M)]
        return "\n\n".join(defining) if defining else max(python, key=len)
    return _unfenced(text)


def _unfenced(text: str) -> str:
    lines = text.splitlines()
    begins = re.compile(r"(async def|def|class|import|from|@)\b|@\w")
    start = next((i for i, line in enumerate(lines) if begins.match(line)), None)
    if start is None:
        return ""
    for end in range(len(lines), start, -1):
        source = "\n".join(lines[start:end])
        if _compiles(source):
            return source
    return "\n".join(lines[start:])


def _compiles(source: str) -> bool:
    try:
        compile(source, "answer.py", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def clean(text: str) -> str:
    """LaTeX and typography to plain signs."""
    for latex, plain in (
        ("\u2212", "-"), ("\u2013", "-"), ("\\!", ""), ("{,}", ","), ("\\,", ""), ("\\ ", " "),
        ("\\$", "$"), ("\\%", "%"), ("\\times", "*"), ("\\cdot", "*"), ("\u00d7", "*"),
        ("\u00b7", "*"), ("\\left", ""), ("\\right", ""), ("\\(", ""), ("\\)", ""),
    ):  # fmt: skip
        text = text.replace(latex, plain)
    text = re.sub(r"\\(?:text|mathrm|mathbf|textbf)\{([^{}]*)\}", r" \1", text)
    text = re.sub(r"\\[dt]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))", _fraction, text)
    text = re.sub(r"\^\{(-?\d+)\}", r"^\1", text)
    for sign, (top, bottom) in {
        "½": (1, 2),
        "¼": (1, 4),
        "¾": (3, 4),
        "⅓": (1, 3),
        "⅔": (2, 3),
    }.items():
        text = text.replace(sign, f" {top}/{bottom}")
    return text


def _fraction(found: re.Match) -> str:
    top, bottom = found[1] or found[2], found[3] or found[4]
    return f" {top}/{bottom}"


def _bold(text: str) -> list[str]:
    return re.findall(r"\*\*(.+?)\*\*", text)


def _values(text: str, unit: str) -> list[float]:
    """Every number of a text, in order."""
    text = text.replace("**", " ")
    durations = {found.start(): found for found in _DURATION.finditer(text)}
    values, skip = [], 0
    for found in _NUMBER.finditer(text):
        if found.start() < skip:
            continue
        if found.start() in durations:
            both = durations[found.start()]
            skip, hours = both.end(), int(both["h"]) + float(both["m"]) / 60
            values.append(hours / _UNITS.get(unit, 1.0))
            continue
        value = _value(found)
        if value is not None:
            values.append(_converted(value, text[found.end() :], unit))
    return values


def _value(found: re.Match) -> float | None:
    if found["whole"]:
        if not int(found["d"]):
            return None
        value = float(int(found["whole"]) + Fraction(int(found["n"]), int(found["d"])))
    elif found["top"]:
        bottom = _plain(found["bottom"])
        if not bottom:
            return None
        value = _plain(found["top"]) / bottom
    else:
        value = _plain(found["plain"])
    power = found["ten"] or found["e"]
    exponent = int(power) if power else 0
    if abs(exponent) > 300:
        return None
    value *= 10.0**exponent
    if found["power"]:
        raised = int(found["power"].strip("^()"))
        if abs(raised) > 300 or (not value and raised < 0):
            return None
        try:
            value **= raised
        except OverflowError:
            return None
    value *= _SCALES.get((found["scale"] or "").lower(), 1.0)
    return -value if found["sign"] or found["minus"] else value


def _plain(digits: str) -> float:
    if re.fullmatch(r"\d{1,3}(\.\d{3})+,\d+", digits):  # 1.234,50
        digits = digits.replace(".", "").replace(",", ".")
    return float(re.sub(r"[,\u202f\u00a0]", "", digits))


def _converted(value: float, rest: str, unit: str) -> float:
    named = re.match(r"\s*([a-z]+)\b", rest, re.IGNORECASE)
    if not unit or not named or named[1].lower() not in _UNITS:
        return value
    return value * _UNITS[named[1].lower()] / _UNITS[unit]
