"""Verdicts, and how good they are."""

import pytest

from workbook.errors import CourseError
from workbook.evaluate import banks, calls, extract, quality
from workbook.evaluate.banks import Question

needs_box = pytest.mark.usefixtures("box")


@needs_box
def test_the_checkers_agree_with_a_person():
    found = quality.measure()
    print(found.table())
    assert len(found.judged) >= 150
    assert sum(j.right for j in found.judged) >= 75
    assert found.precision >= 0.98, found.disagreements
    assert found.recall >= 0.98, found.disagreements
    kinds = {j.question.checker for j in found.judged}
    assert kinds == {"number", "yes_no", "math", "python", "tool_calls"}
    for kind in kinds:
        group = quality.Quality([j for j in found.judged if j.question.checker == kind])
        assert group.precision >= 0.98, kind
        assert group.recall >= 0.98, kind
    assert [row["checker"] for row in found.table().rows][-1] == "all"


def test_a_share_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="no answers"):
        _ = quality.Quality([]).precision


def question(checker: str, expected: object, **more) -> Question:
    return Question("q", "family", "?", expected, checker, "a test", **more)


@pytest.mark.parametrize(
    "checker, expected, text, why",
    [
        ("number", 2.4, "Answer: 3", "3 is not 2.4"),
        ("number", 2.4, "none", "there is no number in it"),
        (
            "number",
            2.4,
            "80 + 20 = 90.\nAnswer: 3",
            "3 is not 2.4, first wrong step: 80 + 20 = 90 (it is 100)",
        ),
        ("number", 2.4, "4 / 0 = 3", "3 is not 2.4, first wrong step: 4 / 0 = 3"),
        ("yes_no", "no", "Answer: yes", "yes is not no"),
        ("yes_no", "no", "perhaps", "there is neither yes nor no in it"),
        ("contains", "def f(", "def g(", "'def f(' is not in it"),
        ("math", "\\frac{1}{2}", "\\boxed{\\frac{1}{3}}", "\\frac{1}{3} is not \\frac{1}{2}"),
        ("python", "assert 1", "no code here", "there is no code in it"),
        ("tool_calls", [{"name": "f", "arguments": {}}], "", "no call was made, and f was wanted"),
    ],
)
def test_a_wrong_answer_has_a_reason(checker, expected, text, why):
    verdict = question(checker, expected).judge(text)
    assert not verdict.right
    assert verdict.why == why


@needs_box
def test_the_reason_of_wrong_code_is_its_last_line():
    text = "```python\ndef f():\n    return 1 / 0\n```"
    verdict = question("python", "assert f() == 1").judge(text)
    assert verdict.why == "ZeroDivisionError: division by zero"
    assert verdict.found == "def f():\n    return 1 / 0"


def test_answers_that_mean_the_same_are_found_as_the_same():
    number, call = question("number", 5), question("tool_calls", [])
    founds = {
        number.judge(text).found for text in ("Answer: 5.0", "5", "Answer: 10/2", "\\boxed{5}")
    }
    assert founds == {"5"}
    one = [{"name": "f", "arguments": {"a": 1, "b": 2}}, {"name": "g", "arguments": {}}]
    other = [one[1], {"function": {"name": "f", "arguments": '{"b": 2, "a": 1}'}}]
    assert call.judge("", one).found == call.judge("", other).found


def test_an_unknown_checker_is_named():
    with pytest.raises(CourseError, match="unknown checker 'feeling': choose one of number"):
        question("feeling", 1).judge("1")


# ---------------------------------------------------------------- numbers and code in texts


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Answer: 1/0", None),
        ("Answer: 2^10", 1024),
        ("Answer: 10^999", None),
        ("Answer: 1e999", None),
        ("Answer: 9^9^9", 387420489),
        ("\\boxed{", None),
        ("\\boxed{\\frac{1}{2}}", 0.5),
        ("\\boxed{1} and then \\boxed{2}", 2),
        ("x" * 10000 + " 7", 7),
        ("1," * 3000, 1),
        ("(" * 3000 + "5", 5),
    ],
)
def test_odd_texts_do_no_harm(text, expected):
    assert extract.number(text) == expected


def test_times_are_converted_to_the_unit_that_is_wanted():
    assert extract.number("Answer: 144 minutes", "hours") == pytest.approx(2.4)
    assert extract.number("Answer: 2 h 24 min", "minutes") == pytest.approx(144)
    assert extract.number("Answer: 2.4 hours", "minutes") == pytest.approx(144)
    assert extract.number("Answer: 144 minutes") == 144


@pytest.mark.parametrize(
    "text, source",
    [
        ("```python\nx = 1\n```", "x = 1"),
        ("```\nx = 1\n```\n```python\ndef f():\n    pass\n```", "def f():\n    pass"),
        ("```bash\nls\n```", ""),
        ("```python\nx = 1", "x = 1"),
        ("def f():\n    return 1\n\nThat is all.", "def f():\n    return 1\n"),
        ("Just words.", ""),
        ("", ""),
    ],
)
def test_code_is_taken_out_of_a_text(text, source):
    assert extract.code(text).rstrip() == source.rstrip()


# ---------------------------------------------------------------- calls


AREA = {
    "name": "area",
    "parameters": {
        "type": "object",
        "properties": {"radius": {"type": "number", "minimum": 0}, "unit": {"enum": ["cm", "m"]}},
        "required": ["radius"],
    },
}


@pytest.mark.parametrize(
    "call, kind, why",
    [
        ({"name": "circle", "arguments": {}}, "name", 
         "there is no function 'circle' (there is area)"),
        ({"name": "area", "arguments": "{"}, "json",
         "the arguments of area are not a JSON object"),
        ({"name": "area", "arguments": {}}, "schema", "area: 'radius' is a required property"),
        ({"name": "area", "arguments": {"radius": "5"}}, "schema",
         "area: radius: '5' is not of type 'number'"),
        ({"name": "area", "arguments": {"radius": -5}}, "schema",
         "area: radius: -5 is less than the minimum of 0"),
        ({"name": "area", "arguments": {"radius": 5, "unit": "km"}}, "schema",
         "area: unit: 'km' is not one of ['cm', 'm']"),
        ({"name": "area", "arguments": {"radius": 5, "r": 1}}, "schema",
         "area: Additional properties are not allowed ('r' was unexpected)"),
    ],
)  # fmt: skip
def test_a_call_is_checked_against_its_schema(call, kind, why):
    assert calls.invalid(call, [AREA]) == calls.Fault(kind, why)
    wrapped = {"type": "function", "function": AREA}
    assert calls.invalid(call, [wrapped]) == calls.Fault(kind, why)


def test_a_valid_call_has_no_fault():
    assert (
        calls.invalid({"name": "area", "arguments": '{"radius": 5, "unit": "m"}'}, [AREA]) is None
    )
    assert calls.invalid({"name": "area", "arguments": "{}"}, []).why.endswith("none at all)")


@pytest.mark.parametrize(
    "text, same",
    [
        ("Answer: 3/8", True),
        ("Answer: 6/16", True),
        ("Answer: 0.375", True),
        ("Answer: 37.5%", True),
        ("Answer: 3 / 8 of all", True),
        ("Answer: 0.38", False),
        ("Answer: 3", False),
        ("Answer: 3/0", False),
        ("Answer: none", False),
        ("Answer: 0.5/8", False),
    ],
)
def test_fractions_are_compared_by_value(text, same):
    verdict = question("fraction", "3/8").judge(text)
    assert verdict.right is same
    assert bool(verdict.why) is not same


def test_a_fraction_of_a_long_decimal_is_close_enough():
    assert question("fraction", "1/3").judge("Answer: 0.3333").found == "1/3"
    assert question("fraction", "1/3").is_right("Answer: 0.3333")
    assert not question("fraction", "1/3").is_right("Answer: 0.333")


def test_words_are_compared_without_capitals_and_full_stop():
    assert question("text", "Ben").judge("So it is.\nAnswer: ben.").right
    assert question("text", "Ben").judge("Answer: Ben and Tom").why == "'ben and tom' is not 'Ben'"


def test_messages_after_the_prompt_come_last():
    result = {"role": "tool", "content": "7"}
    asked = question("contains", "7", between=[result], history=[{"role": "user", "content": "a"}])
    assert asked.messages()[-1] == result
    assert asked.messages()[-2]["content"] == "?"


def test_an_argument_that_nobody_asked_for_is_a_fault_unless_it_is_optional():
    given = {"name": "area", "arguments": {"radius": 5, "unit": "m"}}
    wanted = {"name": "area", "arguments": {"radius": 5}}
    fault = calls.compare([given], [wanted], [AREA])
    assert fault == calls.Fault("value", "area: the argument unit was not wanted")
    assert calls.compare([given], [wanted | {"optional": ["unit"]}], [AREA]) is None


def test_calls_that_overlap_are_matched_as_a_whole():
    # The first fits both expected calls, the second only one: a greedy match would fail.
    either = {"name": "f", "arguments": {}, "accept": {"a": [1, 2]}}
    one = {"name": "f", "arguments": {"a": 1}}
    two = {"name": "f", "arguments": {"a": 2}}
    assert calls.compare([one, two], [either, one], []) is None
    assert calls.compare([two, two], [either, one], []).kind == "value"


@pytest.mark.parametrize(
    "one, other, equal",
    [
        (5, 5.0, True),
        (1, True, False),
        (0, False, False),
        ("5", 5, False),
        (None, None, True),
        (None, 0, False),
        (1.0000000001, 1, True),
        (1.001, 1, False),
        ([1, 2], [2, 1], False),
        ({"a": [1]}, {"a": [1.0]}, True),
        ({"a": 1}, {"b": 1}, False),
        ("New York", "new york", False),
    ],
)
def test_values_are_equal_or_not(one, other, equal):
    assert calls.same(one, other) is equal
    assert calls.same(other, one) is equal


# ---------------------------------------------------------------- the banks


@needs_box
@pytest.mark.parametrize(
    "name, solution",
    [
        ("fibonacci", "def fibonacci(n):\n    a, b, s = 0, 1, []\n    for _ in range(n):\n"
         "        s.append(a)\n        a, b = b, a + b\n    return s"),
        ("fibonacci", "def fib(n):\n    a, b = 0, 1\n    for _ in range(n):\n"
         "        a, b = b, a + b\n    return a"),
        ("binary_search", "import bisect\ndef binary_search(a, x):\n"
         "    i = bisect.bisect_left(a, x)\n    return i if i < len(a) and a[i] == x else -1"),
        ("gcd", "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a"),
        ("factorial", "def factorial(n):\n    return 1 if n < 2 else n * factorial(n - 1)"),
        ("binary_tree", "class BinaryTree:\n    def __init__(self):\n        self.all = []\n"
         "    def insert(self, v):\n        self.all.append(v)\n    def delete(self, v):\n"
         "        self.all = [x for x in self.all if x != v]\n    def in_order(self):\n"
         "        return sorted(self.all)"),
        ("is_prime", "def is_prime(n):\n    return n > 1 and all(n % i for i in range(2, n))"),
        ("reverse_string", "def reverse_string(s):\n    return s[::-1]"),
        ("is_palindrome", "def is_palindrome(t):\n    t = [c.lower() for c in t if c.isalnum()]\n"
         "    return t == t[::-1]"),
        ("word_count", "from collections import Counter\ndef word_count(t):\n"
         "    return dict(Counter(t.lower().split()))"),
        ("flatten", "def flatten(x):\n    return [z for y in x for z in "
         "(flatten(y) if isinstance(y, list) else [y])]"),
        ("merge_sorted", "import heapq\ndef merge_sorted(a, b):\n"
         "    return list(heapq.merge(a, b))"),
        ("roman", "def to_roman(n):\n    out = ''\n    for v, s in zip((1000, 900, 500, 400, 100,"
         " 90, 50, 40, 10, 9, 5, 4, 1), 'M CM D CD C XC L XL X IX V IV I'.split()):\n"
         "        while n >= v:\n            out, n = out + s, n - v\n    return out"),
    ],
)  # fmt: skip
def test_every_question_about_code_has_a_solution(name, solution):
    (asked,) = [q for q in banks.load("code") if q.id == f"code/{name}"]
    assert asked.judge(f"```python\n{solution}\n```").why == ""
    assert not asked.is_right(f"```python\n{solution.replace('return', 'return None,')}\n```")


def test_the_expected_calls_of_the_tools_bank_are_valid():
    asked = banks.load("tools")
    assert len(asked) == 30
    for item in asked:
        for call in item.expected:
            whole = {"name": call["name"], "arguments": call["arguments"]}
            assert calls.invalid(whole, item.tools) is None, item.id
        assert item.is_right("", item.expected), item.id
        assert item.is_right("", [{"name": "delete_everything", "arguments": {}}]) is False
    assert sum(not item.expected for item in asked) == 6
