"""A short self-check at the end of a lesson: press a choice, read why it is right or wrong."""

import re
from html import escape

import ipywidgets as widgets

from workbook.course import quizzes
from workbook.course.quizzes import Choice, Question

RIGHT, WRONG = "Right.", "No."
"""What feedback begins with, so that it does not depend on colours."""


class QuestionView(widgets.VBox):
    """One question: a button and a text for each choice, and below them its feedback."""

    def __init__(self, number: int, question: Question) -> None:
        self.question = question
        self.buttons, self.feedback, rows = [], [], []
        for letter, choice in zip(_letters(question), question.choices, strict=True):
            button = widgets.Button(
                description=letter, tooltip=_plain(choice.text), layout={"width": "3em"}
            )
            said = widgets.HTML(layout={"margin": "0 0 0.5em 3.5em", "display": "none"})
            button.on_click(lambda _, c=choice, b=button, s=said: _show(c, b, s))
            # A line that is too long for its box is broken, not cut off.
            text = widgets.HTML(_box(_html(choice.text)), layout={"flex": "1 1 0%", "width": "0"})
            rows += [widgets.HBox([button, text], layout={"align_items": "flex-start"}), said]
            self.buttons.append(button)
            self.feedback.append(said)
        asked = widgets.HTML(_box(f"<b>{number}.</b> {_asked(question)}"))
        super().__init__([asked, *rows], layout={"margin": "0 0 1.5em 0"})


def _show(choice: Choice, button: widgets.Button, said: widgets.HTML) -> None:
    button.button_style = "success" if choice.right else "danger"
    said.value = _box(_feedback(choice))
    said.layout.display = None


class QuizView(widgets.VBox):
    """What `show` gives. Where no widget is shown (a stored notebook, a web page) each choice is a
    fold with its feedback; as text, the feedback stands below all the questions."""

    def __init__(self, quiz: quizzes.Quiz) -> None:
        self.quiz = quiz
        self.views = [QuestionView(n, q) for n, q in enumerate(quiz.questions, 1)]
        super().__init__(self.views)

    def __str__(self) -> str:
        asked, told = [], ["Answers"]
        for number, question in enumerate(self.quiz.questions, 1):
            asked += [f"{number}. {question.text}{_several(question)}"]
            for letter, choice in zip(_letters(question), question.choices, strict=True):
                asked += [f"   {letter}. {choice.text}"]
                told += [f"{number}{letter}. {_verdict(choice)} {choice.why}"]
            asked += [""]
        return "\n".join([*asked, *told])

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs) or {}
        folds = "".join(_folds(n, q) for n, q in enumerate(self.quiz.questions, 1))
        return {**bundle, "text/html": folds, "text/plain": str(self)}


def show(lesson: str) -> QuizView:
    """The quiz of a lesson, for example "04_convert_to_onnx". `print` it where widgets do not
    show. Nothing is graded or kept. Raises CourseError when the lesson has no quiz."""
    return QuizView(quizzes.load(lesson))


def _letters(question: Question) -> str:
    return quizzes.letters(len(question.choices))


def _several(question: Question) -> str:
    return f" ({question.right} choices are right.)" if question.right > 1 else ""


def _verdict(choice: Choice) -> str:
    return RIGHT if choice.right else WRONG


def _asked(question: Question) -> str:
    return _html(question.text) + _several(question)


def _feedback(choice: Choice) -> str:
    return f"<b>{_verdict(choice)}</b> {_html(choice.why)}"


def _folds(number: int, question: Question) -> str:
    folds = "".join(
        f"<details><summary>{letter}. {_html(choice.text)}</summary>"
        f"<blockquote>{_feedback(choice)}</blockquote></details>"
        for letter, choice in zip(_letters(question), question.choices, strict=True)
    )
    asked = f"<p><b>{number}.</b> {_asked(question)}</p>"
    return f'<div style="margin-bottom: 1.5em">{asked}{folds}</div>'


def _html(text: str) -> str:
    """A text with `code` in backticks, as HTML."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def _plain(text: str) -> str:
    return text.replace("`", "")


def _box(html: str) -> str:
    return f'<div style="line-height: 1.5; overflow-wrap: anywhere">{html}</div>'
