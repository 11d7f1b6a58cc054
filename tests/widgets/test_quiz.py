"""A quiz says at once why a choice is right or wrong, with widgets and without."""

import re

import pytest

from workbook.course import quizzes
from workbook.course.quizzes import Choice, Question, Quiz
from workbook.errors import CourseError
from workbook.widgets import quiz

EVIL = "<script>alert(1)</script> & `<b>`"


@pytest.fixture
def view():
    choices = (
        Choice(EVIL, False, f"This is text: {EVIL}."),
        Choice("two", True, "It is `2`."),
        Choice("also two", True, "It is 2 as well."),
    )
    return quiz.QuizView(Quiz("a", (Question("sums", "What is 1 + 1?", choices),)))


def seen(question):
    """The feedback that can be seen, by letter."""
    return {
        button.description: said.value
        for button, said in zip(question.buttons, question.feedback, strict=True)
        if said.layout.display != "none"
    }


@pytest.mark.parametrize("name", quizzes.names())
def test_every_choice_of_every_lesson_answers_when_it_is_pressed(name):
    shown = quiz.show(name)
    for view in shown.views:
        assert seen(view) == {}
        for button, choice in zip(view.buttons, view.question.choices, strict=True):
            before = seen(view)
            assert button.button_style == ""
            button.click()
            [(letter, said)] = seen(view).items() - before.items()
            assert letter == button.description
            assert quiz._html(choice.why) in said
            assert (f"<b>{quiz.RIGHT}</b>" in said) == choice.right
            assert (f"<b>{quiz.WRONG}</b>" in said) == (not choice.right)
            assert button.button_style == ("success" if choice.right else "danger")
        assert list(seen(view)) == list(quizzes.letters(len(view.buttons)))


def test_pressing_twice_changes_nothing(view):
    [question] = view.views
    question.buttons[1].click()
    once = seen(question)
    question.buttons[1].click()
    assert seen(question) == once
    assert list(once) == ["B"]


def test_a_question_says_that_several_choices_are_right(view):
    assert "(2 choices are right.)" in view.views[0].children[0].value
    assert "(2 choices are right.)" in str(view)


def test_code_is_marked_and_nothing_else_becomes_html(view):
    [question] = view.views
    question.buttons[0].click()
    text = question.children[1].children[1].value
    for html in (text, seen(question)["A"], bundle(view)["text/html"]):
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; <code>&lt;b&gt;</code>" in html
        assert "<script>" not in html
    assert question.buttons[0].tooltip == "<script>alert(1)</script> & <b>"


def bundle(view):
    return view._repr_mimebundle_()


@pytest.mark.parametrize("name", quizzes.names())
def test_without_a_front_end_everything_is_there(name):
    shown = bundle(quiz.show(name))
    assert shown["application/vnd.jupyter.widget-view+json"]["model_id"]
    html, text = shown["text/html"], shown["text/plain"]
    assert text == str(quiz.show(name))
    for number, question in enumerate(quizzes.load(name).questions, 1):
        assert f"<b>{number}.</b> {quiz._html(question.text)}" in html
        assert f"{number}. {question.text}" in text
        letters = quizzes.letters(len(question.choices))
        for letter, choice in zip(letters, question.choices, strict=True):
            verdict = quiz.RIGHT if choice.right else quiz.WRONG
            assert (
                f"<details><summary>{letter}. {quiz._html(choice.text)}</summary>"
                f"<blockquote><b>{verdict}</b> {quiz._html(choice.why)}</blockquote></details>"
            ) in html
            assert f"   {letter}. {choice.text}" in text
            assert f"{number}{letter}. {verdict} {choice.why}" in text


def test_answers_are_folded_or_stand_below_the_questions(view):
    html, text = bundle(view)["text/html"], bundle(view)["text/plain"]
    outside = re.sub(r"<blockquote>.*?</blockquote>", "", html)
    assert "It is" not in outside
    assert "Right" not in outside
    asked, _, told = text.partition("Answers\n")
    assert "Right" not in asked
    assert told.count("Right.") == 2


def test_an_unknown_lesson_is_one_sentence():
    with pytest.raises(CourseError, match="There is no quiz '09_nothing': choose one of 00_start"):
        quiz.show("09_nothing")
