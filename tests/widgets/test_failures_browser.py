"""The failures browser shows every wrong answer, and nothing that it holds becomes HTML."""

import pytest

from workbook import widgets
from workbook.evaluate.banks import Question
from workbook.evaluate.runner import Answer, Run

EVIL = "<script>alert(1)</script> & <b>bold</b>"


def question(id, family, prompt="How many?", expected=4.0, checker="number"):
    return Question(id, family, prompt, expected, checker, source="a test")


def answer(id, family, right, text, **fields):
    return Answer(id, family, right, text, **{"finish_reason": "stop", **fields})


@pytest.fixture
def run():
    questions = [
        question("sums/0", "sums"),
        question("sums/1", "sums", prompt=EVIL),
        question("sums/2", "sums"),
        question("logic/0", "logic", expected="yes", checker="yes_no"),
    ]
    answers = [
        answer("sums/0", "sums", False, "3 + 2 = 6\nAnswer: 6", why="6 is not 4"),
        answer("sums/1", "sums", False, EVIL, why="there is no number in it"),
        answer("sums/2", "sums", True, "Answer: 4"),
        answer("logic/0", "logic", False, "", sample=2, error="no answer within 5 seconds"),
    ]
    return Run({"model": "pocket"}, questions, answers)


def names(browser):
    return [name for name, _ in browser.items.options]


def test_wrong_answers_only_are_listed_and_counted(run):
    browser = widgets.failures(run)
    assert names(browser) == ["sums/0", "sums/1", "logic/0, sample 2"]
    assert [name for name, _ in browser.chooser.options] == ["all (3)", "sums (2)", "logic (1)"]
    assert browser.place.value == "1 of 3"


def test_next_and_previous_stay_in_the_list(run):
    browser = widgets.failures(run)
    assert (browser.previous.disabled, browser.following.disabled) == (True, False)
    for expected in ("2 of 3", "3 of 3", "3 of 3"):
        browser.following.click()
        assert browser.place.value == expected
    assert (browser.previous.disabled, browser.following.disabled) == (False, True)
    browser.previous.click()
    assert browser.place.value == "2 of 3"


def test_a_family_is_filtered_and_its_first_answer_shown(run):
    browser = widgets.failures(run)
    browser.following.click()
    browser.chooser.value = "logic"
    assert names(browser) == ["logic/0, sample 2"]
    assert browser.place.value == "1 of 1"
    assert browser.previous.disabled and browser.following.disabled
    assert "no answer within 5 seconds" in browser.details.value
    browser.chooser.value = ""
    assert browser.place.value == "1 of 3"


def test_question_expected_answer_and_reason_are_shown(run):
    shown = widgets.failures(run).details.value
    for text in ("How many?", "4.0", "3 + 2 = 6\nAnswer: 6", "6 is not 4", "stop"):
        assert text in shown


def test_tool_calls_are_shown():
    calls = [{"name": "get_weather", "arguments": {"city": "<Lima>"}}]
    run = Run(
        {"model": "pocket"},
        [question("tools/0", "tools", expected=[], checker="tool_calls")],
        [answer("tools/0", "tools", False, "", tool_calls=calls, why="no call was wanted")],
    )
    shown = widgets.failures(run).details.value
    assert "get_weather" in shown and "&lt;Lima&gt;" in shown


def test_what_people_and_models_wrote_is_escaped(run):
    browser = widgets.failures(run)
    browser.following.click()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;bold" in browser.details.value
    assert "<script>" not in browser.details.value
    assert "<script>" not in bundle(browser)["text/html"]


def bundle(browser):
    return browser._repr_mimebundle_()


def test_without_a_front_end_it_is_a_table(run):
    shown = bundle(widgets.failures(run))
    assert shown["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert shown["text/html"].startswith("<table>")
    for text in ("3 of 4 are wrong", "sums/0", "6 is not 4"):
        assert text in shown["text/html"]
        assert text in shown["text/plain"]
        assert text in str(widgets.failures(run))


def test_a_run_without_failures_says_so():
    run = Run({"model": "pocket"}, [question("a", "sums")], [answer("a", "sums", True, "4")])
    browser = widgets.failures(run)
    assert browser.children == (browser.place,)
    assert str(browser) == "None of the 1 answers is wrong."
    assert "text/html" not in bundle(browser)
