"""Is the working right? Every equation in a worked answer is checked, the first wrong one named.

An equation is `expression = result`, with an operation on at least one side: `45 + 38 = 83`,
`240 km / 3 hours = 80 km/h`, `(60 x 2.5) + (80 x 1.5) = 270`, `$5,000 × 1.06^3 = $5,955.08`,
`8 x 20% = 1.6`, chains (`2 x 40 = 80 = 100 - 20`), LaTeX. Units are dropped, words around it do not
count, and an equation with an unknown in it (`2x + 3 = 11`) is left alone. Understood are also
the notations that pocket works in: by place, in brackets (`(8+7+0=15 1+3+1=05)`), the steps of a
long division (`25-24=1:6`), a table of multiples (`155 [1:155 2:310]`), partial products under a
heading (`37 x 45: ...`), and `= 357.3048, about 357.3`.

A right result is exact, or cut or rounded to the decimals that are shown: at least one where
something was divided, at least two elsewhere, any number after `≈`.

Checked is the arithmetic alone: a right calculation may still be the wrong one for its question.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from workbook.evaluate import extract

_NUMBER = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_TOKEN = re.compile(
    rf"(?P<number>{_NUMBER})|(?P<equal>[=≈])|(?P<power>\*\*|\^)|(?P<sign>[-+*/()²³%])"
    r"|(?P<word>[^\W\d_°][\w°²³]*(?:/[^\W\d_][\w²³]*)*(?:\^\d)?)|(?P<other>\S)"
)
_UNIT_LETTERS = "mghslLWVAJNKCF"
"""Single letters that are a unit where they stand right after a number; others are an unknown."""

_TIMES = {"h", "hr", "hrs", "hour", "hours", "min", "mins", "minute", "minutes", "s", "sec",
          "second", "seconds", "day", "days", "week", "weeks", "year", "years"}  # fmt: skip
_REST = {"r", "R", "remainder", "rest"}
_LIST_MARK = re.compile(r"^\s*(?:[-*•#]+\s+|\d+[.)]\s+|step\s+\d+\s*[-:.)]*\s*)+", re.IGNORECASE)
_HEADING = re.compile(rf"(?<![\w.])({_NUMBER}) x ({_NUMBER}): ")
_TABLE = re.compile(rf"(?<![\d.])({_NUMBER}) \[([^]]*)\]")
_BRACKETS = re.compile(r" ?[(\[][^()\[\]]*[)\]]")
_ARITHMETIC = re.compile(r"[ (]*[-\d][\d\s.,+\-*/x^%]*\)")
_MICRO = re.compile(r"^(\d+(?:[-+x]\d+)+)=(\d+)(?::\d+)?$")
_ABOUT = re.compile(rf"=\s*(-?(?:{_NUMBER})),? about (-?(?:{_NUMBER}))")
_MOST_TOKENS = 60


@dataclass(frozen=True)
class Steps:
    """How many equations a text has, and the first wrong one: `wrong` is its text, `line` its
    line (from 1), `value` what its calculation comes to; empty and 0 when all are right."""

    count: int
    wrong: str = ""
    line: int = 0
    value: str = ""

    @property
    def right(self) -> bool:
        """True when no equation is wrong."""
        return not self.wrong


@dataclass(frozen=True)
class _Step:
    text: str
    right: bool
    value: str = ""


def check(text: str) -> Steps:
    """Check every equation of a worked answer, line by line."""
    count, first, at = 0, None, 0
    for number, line in enumerate(text.splitlines(), 1):
        for step in _of_line(line):
            count += 1
            if not step.right and first is None:
                first, at = step, number
    return Steps(count) if first is None else Steps(count, first.text, at, first.value)


def _of_line(line: str) -> list[_Step]:
    line = _LIST_MARK.sub("", _plain(line))
    inner = []
    for found in re.finditer(r"\(([^()]*)\)", line):
        by_place = [item for item in found[1].split() if _MICRO.match(item)]
        inner += [_micro(item) for item in by_place]
        inner += [] if by_place else _equations(found[1])
    for found in _TABLE.finditer(line):
        inner += [_multiple(found[1], item) for item in found[2].split()]
    bare = _BRACKETS.sub(lambda b: b[0] if _ARITHMETIC.fullmatch(b[0]) else "", line)
    steps = inner + _equations(bare) + _headed(bare)
    for found in _ABOUT.finditer(bare):
        exact, near = _number(found[1].lstrip("-")), _number(found[2].lstrip("-"))
        steps.append(_Step(found[0], _close(exact, near, found[2], about=True), found[1]))
    return steps


def _plain(line: str) -> str:
    line = extract.clean(line).replace("÷", "/").replace("\\approx", "≈").replace("\\%", "%")
    line = re.sub(r"\\(?:\[|\]|quad|;|:)", " ", line)
    line = re.sub(r"\*\*(?!\s*\d)|(?<![\d)\s])\*\*|(?<=\s)\*\*(?=\d[^*]*\*\*)", "", line)  # bold
    return re.sub(r"[$€£`]", "", line)


# ---------------------------------------------------------------- equations


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def _equations(line: str) -> list[_Step]:
    tokens = _tokens(line)
    steps = []
    for index, token in enumerate(tokens):
        if token.kind != "=":
            continue
        left, right = _before(tokens, index), _after(tokens, index)
        if not left or not right or _other_kind(tokens, left[1], right[1]):
            continue
        if len(left[0]) == 1 and len(right[0]) == 1:
            continue
        step = _compared(line, token.text == "≈", left, right)
        if step:
            steps.append(step)
    return steps


def _tokens(line: str) -> list[_Token]:
    """Numbers, operations, `=`, units (kind u) and everything else (kind ?)."""
    found = list(_TOKEN.finditer(line))
    tokens: list[_Token] = []
    for index, match in enumerate(found):
        kind, text = match.lastgroup, match[0]
        before = tokens[-1] if tokens else None
        after = found[index + 1] if index + 1 < len(found) else None
        after_value = before is not None and before.kind in ("n", ")", "u", "^2", "^3", "%")
        if kind == "word":
            kind = _word(text, before, after, match.start()) if after_value else "?"
        elif kind == "number":
            kind = "n"
        elif kind == "equal":
            kind = "="
        elif kind == "power":
            kind = "^"
        elif kind == "sign":
            kind = {"²": "^2", "³": "^3"}.get(text, text)
        else:
            kind = "?"
        tokens.append(_Token(kind, text, match.start(), match.end()))
    return tokens


def _word(text: str, before: _Token, after: re.Match | None, start: int) -> str:
    number_follows = after is not None and (after.lastgroup == "number" or after[0] in "(-")
    if text in ("x", "X") and number_follows:
        return "*"
    attached = before.end == start
    if len(text) == 1 and (attached or text in "xyz") and text not in _UNIT_LETTERS:
        return "?"  # an unknown
    return "u"


def _before(tokens: list[_Token], equal: int) -> tuple[list[_Token], int] | None:
    """The longest expression that ends at an `=`, and where it begins."""
    first = equal
    while first and equal - first < _MOST_TOKENS and tokens[first - 1].kind not in ("=", "?"):
        first -= 1
    for start in range(first, equal):
        if start and tokens[start].kind == "n" and tokens[start - 1].kind == "?":
            attached = tokens[start - 1].end == tokens[start].start
            if attached and tokens[start - 1].text not in "([{:;,|":
                continue
        if found := _expression(tokens[start:equal]):
            # What an unknown is added to is no sum of its own.
            if _continues(tokens, start, found):
                return None
            return found, start
    return None


def _continues(tokens: list[_Token], start: int, found: list[_Token]) -> bool:
    if not start:
        return False
    before = tokens[start - 1]
    if found[0].kind in "+-" and before.kind in ("?", "u") and before.text.isalnum():
        return True
    return before.kind in ("+", "-", "*", "/", "^")


def _after(tokens: list[_Token], equal: int) -> tuple[list[_Token], int] | None:
    """The longest expression that begins at an `=`, and where it ends."""
    stop = equal + 1
    while stop < len(tokens) and tokens[stop].kind not in ("?", "="):
        stop += 1
    for end in range(min(stop, equal + _MOST_TOKENS), equal + 1, -1):
        if found := _expression(tokens[equal + 1 : end]):
            return None if _unknown_at(tokens, end) else (found, end)
    return None


def _unknown_at(tokens: list[_Token], end: int) -> bool:
    """Whether an unknown stands right after: 2x."""
    follows = tokens[end] if end < len(tokens) else None
    attached = follows is not None and follows.start == tokens[end - 1].end
    return attached and follows.kind == "?" and follows.text[0].isalpha()


def _other_kind(tokens: list[_Token], start: int, end: int) -> bool:
    """Whether the two sides are not numbers of one kind: 10 / 3 = 3 remainder 1, and times."""
    words = [t.text for t in tokens[start:end] if t.kind == "u"]
    if any(word in _REST for word in words):
        return True
    if end < len(tokens) and tokens[end].kind == "n" and words and words[-1] in _TIMES:
        return True  # 2 hours 24 minutes
    following = [t.text for t in tokens[end : end + 2] if t.kind in ("u", "?", "n")]
    if following and following[0] == "and" and words and words[-1] in _TIMES:
        return True
    equal = next(i for i in range(start, end) if tokens[i].kind == "=")
    sides = tokens[start:equal], tokens[equal:end]
    left, right = ({t.text for t in side if t.kind == "u"} & _TIMES for side in sides)
    return bool(left and right and left != right)


def _expression(tokens: list[_Token]) -> list[_Token] | None:
    """The tokens without units, when they are one whole expression."""
    bare = [t for t in tokens if t.kind != "u"]
    if not bare or tokens[0].kind == "u":
        return None
    return bare if _Parser(bare).shape() else None


def _compared(line: str, about: bool, left: tuple, right: tuple) -> _Step | None:
    (one, _), (other, _) = left, right
    text = line[one[0].start : _end(other)].strip()
    divided = any(t.kind == "/" for t in one)
    plain = len(other) == 1
    shown = other[-1].text if plain else ""
    readings = (False, True) if any(t.kind == "%" for t in (*one, *other)) else (False,)
    results = []
    for percent in readings:
        for percent_right in readings:
            a, b = _Parser(one, percent).value(), _Parser(other, percent_right).value()
            if a is None or b is None:
                continue
            close = _close(a, b, shown or _last(other), about=about, divided=divided)
            results.append((close, b if len(one) == 1 else a))
    if not results:
        return _Step(text, False)
    right_one = any(close for close, _ in results)
    return _Step(text, right_one, "" if right_one else _written(results[0][1]))


def _end(tokens: list[_Token]) -> int:
    return tokens[-1].end


def _last(tokens: list[_Token]) -> str:
    numbers = [t.text for t in tokens if t.kind == "n"]
    return numbers[0] if len(numbers) == 1 else ""


def _close(
    value: Fraction, result: Fraction, shown: str, *, about: bool = False, divided: bool = False
) -> bool:
    """Whether a result is the value, or the value as far as decimals are shown."""
    if value == result:
        return True
    decimals = len(shown.partition(".")[2])
    if not shown or (not about and decimals < (1 if divided else 2)):
        return False
    unit = Fraction(1, 10**decimals)
    difference = abs(value - result)
    cut = difference < unit and abs(result) < abs(value) and not about
    return difference <= unit / 2 or cut


def _written(value: Fraction) -> str:
    if value.denominator == 1 and abs(value) < 10**15:
        return str(value.numerator)
    return f"{float(value):.6g}"


class _Parser:
    """Sums of products of powers, in exact fractions; `percent`: 20% is 0.2, else 20."""

    def __init__(self, tokens: list[_Token], percent: bool = False) -> None:
        self.tokens, self.percent, self.at = tokens, percent, 0

    def shape(self) -> bool:
        """Whether the tokens are one whole expression."""
        try:
            self._sum()
        except (ValueError, OverflowError):
            return False
        except ZeroDivisionError:
            return True
        return self.at == len(self.tokens)

    def value(self) -> Fraction | None:
        """What it comes to; None for a division by zero."""
        self.at = 0
        try:
            return self._sum()
        except (ZeroDivisionError, ValueError, OverflowError):
            return None

    def _next(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    def _take(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def _sum(self) -> Fraction:
        total = self._product()
        while self._next() in ("+", "-"):
            sign = self._take().kind
            term = self._product()
            total = total + term if sign == "+" else total - term
        return total

    def _product(self) -> Fraction:
        total = self._signed()
        while self._next() in ("*", "/", "("):
            sign = "*" if self._next() == "(" else self._take().kind
            factor = self._signed()
            total = total * factor if sign == "*" else total / factor
        return total

    def _signed(self) -> Fraction:
        if self._next() == "-":
            self._take()
            return -self._power()
        return self._power()

    def _power(self) -> Fraction:
        base = self._atom()
        if self._next() not in ("^", "^2", "^3"):
            return base
        sign = self._take().kind
        exponent = self._signed() if sign == "^" else Fraction(int(sign[1]))
        if exponent.denominator != 1 or abs(exponent) > 100:
            raise ValueError("an exponent too large for a step")
        return base ** int(exponent)

    def _atom(self) -> Fraction:
        kind = self._next()
        if kind == "n":
            value = _number(self._take().text)
        elif kind == "(":
            self._take()
            value = self._sum()
            if self._next() != ")":
                raise ValueError("a bracket is not closed")
            self._take()
        else:
            raise ValueError(kind)
        if self._next() == "%":
            self._take()
            value = value / 100 if self.percent else value
        return value


def _number(text: str) -> Fraction:
    if len(text) > 40:
        raise ValueError("a number too long for a step")
    return Fraction(text.replace(",", ""))


# ---------------------------------------------------------------- pocket's own notations


def _headed(bare: str) -> list[_Step]:
    """`a x b:` promises that the last result up to the next heading or the end is a x b."""
    heads, steps = list(_HEADING.finditer(bare)), []
    for head, after in zip(heads, [*heads, None][1:], strict=True):
        body = bare[head.end() : after.start() if after else len(bare)].split(". ")[0]
        results = re.findall(rf"=\s*({_NUMBER})", body)
        product = _number(head[1]) * _number(head[2])
        right = bool(results) and _number(results[-1]) == product
        steps.append(_Step(head[0].strip(), right, "" if right else _written(product)))
    return steps


def _micro(item: str) -> _Step:
    left, result = _MICRO.match(item).groups()
    parts = re.findall(r"\d+|[-+x]", left)
    tokens = [_Token("n" if p.isdigit() else p.replace("x", "*"), p, 0, 0) for p in parts]
    value = _Parser(tokens).value()
    right = value == int(result)
    return _Step(item, right, "" if right else _written(value))


def _multiple(number: str, item: str) -> _Step:
    factor, _, multiple = item.partition(":")
    text = f"{number} [{item}]"
    if not (factor.isdecimal() and multiple.isdecimal()):
        return _Step(text, False)
    value = int(factor) * _number(number)
    right = value == int(multiple)
    return _Step(text, right, "" if right else _written(value))
