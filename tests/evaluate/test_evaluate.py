"""Final answers, banks, accuracy."""

from dataclasses import dataclass, field

import pytest

from workbook import evaluate
from workbook.errors import CourseError
from workbook.evaluate import answers, banks, results
from workbook.evaluate.banks import Question


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Speed: 240 / 3 = 80.\nAnswer: 2.4 hours", 2.4),
        ("answer: $1,234.50 in 3 years", 1234.5),
        ("It takes 3 steps, so the result is 17", 17),
        ("Answer: -4", -4),
        ("Answer: 44%", 44),
        ("Answer: 1\nNo wait.\nAnswer: 2", 2),
        ("12,34", 34),
        ("240 km, so 17.\nAnswer:", 17),
        ("Answer: .5", 0.5),
        ("Answer: \u22124", -4),
        ("Answer: -$4", -4),
        ("no number here", None),
        ("Answer: unknown", None),
    ],
)
def test_the_final_number_is_found(text, expected):
    assert answers.number(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("They need not overlap.\nAnswer: No", "no"),
        ("Answer: YES, because", "yes"),
        ("Nobody knows", None),
        ("Yes. Some cats.\nAnswer: no", "no"),
    ],
)
def test_yes_and_no_are_words(text, expected):
    assert answers.yes_no(text) == expected


def test_numbers_agree_within_half_a_cent_only():
    assert answers.same_number("Answer: 5955.08", 5955.0804)
    assert not answers.same_number("Answer: 5955.09", 5955.0804)
    assert not answers.same_number("nothing", 0)


@dataclass
class Call:
    name: str
    arguments: str


@pytest.mark.parametrize(
    "calls, same",
    [
        ([{"name": "f", "arguments": {"a": 1, "b": "x"}}], True),
        ([Call("f", '{"b": "x", "a": 1}')], True),
        ([{"type": "function", "function": {"name": "f", "arguments": '{"a":1,"b":"x"}'}}], True),
        ([{"name": "g", "arguments": {"a": 1, "b": "x"}}], False),
        ([{"name": "f", "arguments": {"a": 2, "b": "x"}}], False),
        ([{"name": "f", "arguments": {"a": "1", "b": "x"}}], False),
        ([{"name": "f", "arguments": {"a": 1.0, "b": "x"}}], True),
        ([{"name": "f", "arguments": {"a": 1.5, "b": "x"}}], False),
        ([Call("f", "not json")], False),
        ([Call("f", "[1]")], False),
        ([], False),
        ([{"name": "f", "arguments": {"a": 1, "b": "x"}}] * 2, False),
    ],
)
def test_calls_are_compared_by_name_and_arguments(calls, same):
    assert answers.same_calls(calls, [{"name": "f", "arguments": {"a": 1, "b": "x"}}]) is same


def test_the_order_of_parallel_calls_does_not_count():
    one, two = {"name": "f", "arguments": {"a": 1}}, {"name": "f", "arguments": {"a": 2}}
    assert answers.same_calls([two, one], [one, two])


def question(checker: str, expected: object) -> Question:
    return Question("q", "family", "?", expected, checker, "a test")


@pytest.mark.parametrize(
    "checker, expected, right, wrong",
    [
        ("number", 2.4, "Answer: 2.4 hours", "Answer: 2.5 hours"),
        ("yes_no", "no", "Answer: No", "Answer: Yes"),
        ("contains", "def gcd(", "```python\ndef gcd(a, b):", "def lcm(a, b):"),
    ],
)
def test_each_checker_tells_right_from_wrong(checker, expected, right, wrong):
    assert question(checker, expected).is_right(right)
    assert not question(checker, expected).is_right(wrong)


def test_an_unknown_checker_is_an_error():
    with pytest.raises(CourseError, match="unknown checker 'feeling'"):
        question("feeling", 1).is_right("1")


def test_banks_can_be_narrowed():
    questions = evaluate.load("heldout", families=("average", "syllogism"), limit=3)
    assert [q.family for q in questions] == ["average"] * 3 + ["syllogism"] * 3
    with pytest.raises(
        CourseError, match=r"no question bank 'gsm9k'.*code, heldout, tools, tutorial"
    ):
        evaluate.load("gsm9k")


def test_every_question_has_an_id_of_its_own():
    names = ("heldout", "tutorial", "tools", "code")
    questions = [question for name in names for question in evaluate.load(name)]
    assert len({q.id for q in questions}) == len(questions)


def test_a_saved_bank_is_read_back(tmp_path, monkeypatch):
    monkeypatch.setattr(banks, "DATA", tmp_path)
    questions = [question("number", 1.5), question("yes_no", "yes")]
    banks.save("mine", questions)
    assert banks.load("mine") == questions


@dataclass
class Reply:
    text: str
    tool_calls: list = field(default_factory=list)


def test_accuracy_counts_right_answers():
    questions = [question("number", n) for n in range(4)]
    given = results.ask_all(questions, lambda q: Reply("Answer: 1"))
    assert results.accuracy(given) == 0.25
    assert [r.right for r in given] == [False, True, False, False]
    with pytest.raises(ValueError, match="no results"):
        results.accuracy([])


def test_the_wilson_interval_is_the_published_one():
    # Worked example: 81 of 263 gives 0.2553 to 0.3662 (Newcombe 1998, table I, method 3).
    assert results.wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert results.wilson(0, 10)[0] == 0
    assert results.wilson(10, 10)[1] == 1
    for right, total in ((11, 10), (-1, 10), (0, 0)):
        with pytest.raises(ValueError, match="is not a share"):
            results.wilson(right, total)


@pytest.mark.parametrize("total", range(1, 200))
def test_the_interval_holds_the_share(total):
    for right in (0, total):
        low, high = results.wilson(right, total)
        assert low <= right / total <= high


def test_a_system_prompt_comes_first():
    asked = Question("q", "f", "?", 1, "number", "a test", system="S")
    assert [m["role"] for m in asked.messages()] == ["system", "user"]


def test_an_unknown_family_is_named_with_the_known_ones():
    with pytest.raises(CourseError, match="no family geometry: choose from travel_time"):
        evaluate.load("heldout", families=("geometry",))
