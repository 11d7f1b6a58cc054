"""The quizzes: every lesson has one, it is well made, and a file that is not is named."""

import subprocess
from collections import Counter

import pytest

from workbook import paths
from workbook.course import notebooks, quizzes
from workbook.errors import CourseError

QUESTIONS = [(name, q) for name in quizzes.names() for q in quizzes.load(name).questions]


def test_every_lesson_has_a_quiz_and_every_quiz_a_lesson():
    assert quizzes.names() == [path.stem for path in notebooks.lessons()]


@pytest.mark.parametrize("name", quizzes.names())
def test_a_quiz_has_five_questions_with_feedback_on_every_choice(name):
    quiz = quizzes.load(name)
    assert len(quiz.questions) == 5
    assert quiz.lesson == name
    for question in quiz.questions:
        assert question.text.endswith("?")
        for choice in question.choices:
            assert len(choice.why.split()) >= 8, f"{question.id}: {choice.why}"
            assert choice.why != choice.text


@pytest.mark.parametrize("name", quizzes.names())
def test_the_place_of_the_right_choice_varies(name):
    places = Counter(places_of(question) for question in quizzes.load(name).questions)
    assert max(places.values()) <= 2, places


def places_of(question):
    choices = zip(quizzes.letters(len(question.choices)), question.choices, strict=True)
    return "".join(letter for letter, choice in choices if choice.right)


def test_neither_place_nor_length_gives_the_right_choice_away():
    single = [question for _, question in QUESTIONS if question.right == 1]
    places = Counter(map(places_of, single))
    assert set(places) == set("ABCD")
    assert max(places.values()) <= len(single) / 3, places
    longest = [q for q in single if max(q.choices, key=lambda c: len(c.text)).right]
    shortest = [q for q in single if min(q.choices, key=lambda c: len(c.text)).right]
    assert len(longest) <= len(single) / 3, [q.id for q in longest]
    assert len(shortest) <= len(single) / 3, [q.id for q in shortest]


def test_the_files_are_part_of_the_checkout():
    done = subprocess.run(
        ["git", "check-ignore", *quizzes.FOLDER.glob("*.toml")],
        cwd=paths.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == ""
    assert quizzes.FOLDER.is_relative_to(paths.ROOT)


# ---------------------------------------------------------------- what is wrong in a file

GOOD = """
[[question]]
id = "sums"
text = "What is `1 + 1`,
  written as a number?"

[[question.choice]]
text = "1"
why = "That is one of the two."

[[question.choice]]
text = "2"
right = true
why = "One and one are two."

[[question.choice]]
text = "11"
why = "That joins two texts."
""".replace('"What is `1 + 1`,\n  written as a number?"',
            '"""What is `1 + 1`,\n  written as a number?"""')  # fmt: skip

HEAD = "a.toml, question 1 (sums)"
WRONG = [
    ('id = "sums"', "id = ", "a.toml is not TOML (Invalid value (at line 3, column 6))"),
    (GOOD, "", "a.toml, the file: the field 'question' is missing; add it"),
    (GOOD, "question = []", "a.toml, the file has no question: add [[question]]"),
    (GOOD, "question = [1]", "question 1: it is 1; write it as a table with id, text, choice"),
    (GOOD, GOOD + GOOD, "a.toml, question 2 (sums): the id was used before; give it another one"),
    ('id = "sums"\n', "", "a.toml, question 1: the field 'id' is missing; add it"),
    ('id = "sums"', "id = 7", "question 1: the field 'id' is 7; write a text in quotes"),
    ("[[question.choice]]\ntext", "[[question.choices]]\ntext", "there is no field 'choices'; use"),
    ("`1 + 1`", "`1 + 1", "field 'text' has a backtick without its partner; close it"),
    ('text = "1"', 'text = " "', f"{HEAD}, choice A: the field 'text' is empty; write something"),
    ('why = "That is one of the two."', "", f"{HEAD}, choice A: the field 'why' is missing"),
    ("one of the two.", "one of the two", f"{HEAD}, choice A: the feedback is no whole sentence"),
    ("right = true", 'right = "yes"', "choice B: the field 'right' is 'yes'; write true or false"),
    ("right = true", "hint = 1", f"{HEAD}, choice B: there is no field 'hint'; use text, why, ri"),
    ("right = true", "", f"{HEAD}: 0 of its choices have right = true; mark 1, or say right = 1"),
    ('text = "1"', 'text = "1"\nright = true', f"{HEAD}: 2 of its choices have right = true; mark"),
    ('id = "sums"', 'id = "sums"\nright = 2', f"{HEAD}: 1 of its choices have right = true; mark"),
    ('id = "sums"', 'id = "sums"\nright = true', "the field 'right' is True; write a whole number"),
    ('text = "11"', 'text = "2"', f"{HEAD}: two choices have the same text; tell them apart"),
    ("That joins two texts.", "That is one of the two.", "two choices have the same feedback; tel"),
    (GOOD[GOOD.index('[[question.choice]]\ntext = "11"') :], "", f"{HEAD}: 2 choices; give it 3"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.toml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def test_a_good_file_is_read(folder):
    quiz = quizzes.load("a", folder)
    [question] = quiz.questions
    assert question.text == "What is `1 + 1`, written as a number?"
    assert [choice.right for choice in question.choices] == [False, True, False]
    assert question.right == 1


@pytest.mark.parametrize("before, after, said", WRONG)
def test_what_is_wrong_is_named(folder, before, after, said):
    assert before in GOOD
    (folder / "a.toml").write_text(GOOD.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(CourseError) as error:
        quizzes.load("a", folder)
    assert said in str(error.value)


def test_several_right_choices_may_be_stated(folder):
    text = GOOD.replace('id = "sums"', 'id = "sums"\nright = 2')
    text = text.replace('text = "1"', 'text = "1"\nright = true')
    (folder / "a.toml").write_text(text, encoding="utf-8")
    assert quizzes.load("a", folder).questions[0].right == 2
    (folder / "a.toml").write_text(
        text.replace('text = "11"', 'text = "11"\nright = true').replace("right = 2", "right = 3"),
        encoding="utf-8",
    )
    with pytest.raises(CourseError, match="every choice is right; add a wrong one"):
        quizzes.load("a", folder)


def test_an_unknown_lesson_is_named(folder):
    with pytest.raises(CourseError, match="There is no quiz 'b': choose one of a"):
        quizzes.load("b", folder)
