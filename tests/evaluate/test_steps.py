"""The step checker finds wrong equations and lets right ones pass."""

import pytest

from workbook.evaluate import steps

RIGHT = (
    # As pocket works.
    "Sum: 45 + 38 = 83, 83 + 5 = 88.",
    "5618 + 2337 (8+7+0=15 1+3+1=05 6+3+0=09 5+2+0=07) = 7955",
    "5618 - 2337 (08-7-0=1 11-3-0=8 06-3-1=2 05-2-0=3) = 3281",
    "37 x 45: 37 x 40 (7x4+0=28 3x4+2=14) = 1480, 37 x 5 (7x5+0=35 3x5+3=18) = 185, "
    "1480 + 185 (0+5+0=05 8+8+0=16 4+1+1=06 1+0+0=01) = 1665.",
    "250 / 4 (25-24=1:6 10-8=2:2 . 20-20=0:5) = 62.5",
    "240 / 15 [1:15 2:30 3:45 4:60 5:75 6:90 7:105 8:120 9:135] (24-15=9:1 90-90=0:6) = 16 km/h.",
    "Time: 250 / 155 = 1.612, about 1.61 hours.",
    "The speed is $5,000 x 0.06 = $300 in 3 years.",
    "2 x 3 + 4 x 5 = 26",
    # As larger models do.
    "Speed = 240 km / 3 hours = 80 km/h",
    "2. **Distance:** 60 mph * 2.5 hours = 150 miles",
    "(60 x 2.5) + (80 x 1.5) = 270",
    "So the total is (60 x 2.5 = 150) plus (80 x 1.5 = 120).",
    "\\[ 5000 \\times 1.06^3 = 5955.08 \\]",
    "$\\frac{240}{100} = 2.4$ hours",
    "A = 15 cm × 8 cm = 120 cm²",
    "8 x 20% = 1.6, and 8 + 1.6 = 9.6",
    "(172.8 - 120) / 120 x 100% = 44%",
    "100% - 20% = 80%",
    "1.2 * 1.2 = 1.44 = 144 / 100",
    "10 / 3 = 3.33",
    "10 / 3 = 3.3333 ≈ 3",
    "2 / 3 = 0.67, or 0.66 when it is cut: 2 / 3 = 0.66",
    "3.14 * 5^2 = 78.5",
    "2**3 = 8 and **2 + 2 = 4**",
    "-3 + 4 = 1",
    "- 3 + 4 = 7",
    "Step 2: 3 - 4 = -1",
    "1,000,000 / 4 = 250,000",
    "12 = 3 x 4",
    "2 (3 + 4) = 14",
    "100 / 2 / 5 = 10",
    "10 - 2 - 3 = 5",
)


@pytest.mark.parametrize("text", RIGHT)
def test_right_working_passes(text):
    found = steps.check(text)
    assert found.right, found
    assert found.count
    assert (found.wrong, found.line, found.value) == ("", 0, "")


WRONG = (
    ("45 + 38 = 83, 83 + 5 = 89.", "83 + 5 = 89", "88"),
    ("5618 + 2337 (8+7+0=15 1+3+1=06) = 7955", "1+3+1=06", "5"),
    ("5618 + 2337 (8+7+0=15) = 7956", "5618 + 2337 = 7956", "7955"),
    ("250 / 4 (25-24=2:6 10-8=2:2) = 62.5", "25-24=2:6", "1"),
    ("250 / 4 = 62.4", "250 / 4 = 62.4", "62.5"),
    ("4 / 0 = 4", "4 / 0 = 4", ""),
    ("240 / 15 [1:15 2:31] = 16", "15 [2:31]", "30"),
    ("37 x 45: 37 x 40 = 1480, 37 x 5 = 185, 1480 + 85 = 1565.", "37 x 45:", "1665"),
    ("1 / 3 = 0.333, about 0.34", "= 0.333, about 0.34", "0.333"),
    ("240 km / 4 hours = 80 km/h", "240 km / 4 hours = 80", "60"),
    ("total (60 x 2.5 = 160)", "60 x 2.5 = 160", "150"),
    ("(60 x 2.5) + (80 x 1.5) = 280", "(60 x 2.5) + (80 x 1.5) = 280", "270"),
    ("1.2 * 1.2 = 1.44 = 154 / 100", "1.44 = 154 / 100", "1.54"),
    ("8 x 20% = 2", "8 x 20% = 2", "160"),
    ("10 / 3 = 3", "10 / 3 = 3", "3.33333"),
    ("45.5 + 38.3 = 83.7", "45.5 + 38.3 = 83.7", "83.8"),
    ("2 / 3 = 0.68", "2 / 3 = 0.68", "0.666667"),
    ("2 + 3 x 4 = 20", "2 + 3 * 4 = 20", "14"),
    ("10 - 2 - 3 = 11", "10 - 2 - 3 = 11", "5"),
    ("-3 + 4 = 7", "-3 + 4 = 7", "1"),
    ("$1,200 + $300 = $1,400", "1,200 + 300 = 1,400", "1500"),
)


@pytest.mark.parametrize("text, wrong, value", WRONG)
def test_a_wrong_step_is_named_with_its_value(text, wrong, value):
    found = steps.check(text)
    assert found.wrong.replace(" x ", " * ") == wrong.replace(" x ", " * ")
    assert found.value == value
    assert found.line == 1
    assert not found.right


def test_the_first_of_several_is_named_with_its_line():
    found = steps.check("We add.\n2 + 2 = 4\n2 + 3 = 6\n2 + 2 = 5")
    assert (found.wrong, found.line, found.value, found.count) == ("2 + 3 = 6", 3, "5", 3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(2+2)",
        "No equation here, only 3 apples and 4 pears.",
        "2x + 3 = 11",
        "x + 3 = 11",
        "x = 8",
        "3a + 4 = 10",
        "y - 4 = 2y",
        "10 / 3 = 3 remainder 1",
        "240 / 100 = 2 hours 24 minutes",
        "2 x 60 minutes = 2 hours",
        "2.5 hours = 150 minutes",
        "if a == 3 + 4:",
        "f(2 + 3) = y",
        "= = = 5",
        "9**9**9**9 = 1",
        "2 ^ 1000000 = 7",
        "(((((((((( 1 + 1",
    ],
)
def test_what_is_no_equation_of_numbers_is_left_alone(text):
    assert steps.check(text) == steps.Steps(0)


def test_a_hostile_line_takes_no_time():
    text = "1 + " * 20_000 + "1 = 2\n" + "(" * 5_000 + "1 = 1" + ")" * 5_000 + "\n" + "9" * 50_000
    steps.check(text + " + 1 = 2")
