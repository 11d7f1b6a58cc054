"""What lab 06's checks give to the notebook; their verdicts are proved in tests/test_labs.py."""

from workbook.course.checks import lab06


def test_labelled_answers_end_in_a_number_and_are_judged_both_ways():
    answers = lab06.labelled()
    assert len(answers) > 100
    assert all(set(answer) == {"text", "expected", "right"} for answer in answers)
    assert {type(answer["expected"]) for answer in answers} <= {int, float}
    assert {answer["right"] for answer in answers} == {True, False}


def test_records_are_as_many_as_asked_for_and_always_the_same():
    made = lab06.records(one=(3, 2, 1), two=(0, 4, 0))
    assert made == lab06.records(one=(3, 2, 1), two=(0, 4, 0))
    ones = [record for record in made if record["family"] == "one"]
    assert len(made) == 10 and len(ones) == 6
    assert sum(record["found"] is None for record in ones) == 1
