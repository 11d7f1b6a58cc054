"""Benchmarks in their original formats, tried with the sample."""

import gzip
import json
import shutil

import pytest

from workbook.errors import CourseError
from workbook.evaluate import loaders

needs_box = pytest.mark.usefixtures("box")


def sample(name: str):
    return loaders.load(name, loaders.SAMPLE / name)


def test_the_sample_has_five_items_of_each():
    questions = [question for name in loaders.NAMES for question in sample(name)]
    assert [len(sample(name)) for name in loaders.NAMES] == [5, 5, 5, 5]
    assert len({q.id for q in questions}) == 20


def test_gsm8k_gives_the_number_after_the_hashes():
    assert [q.expected for q in sample("gsm8k")] == [89, 54, 3630, -15, 4.5]
    question = sample("gsm8k")[2]
    assert question.is_right("3000 * 1.1 * 1.1 = 3630\nAnswer: 3,630 people")
    assert not question.is_right("Answer: 3,600")
    assert question.messages()[0]["role"] == "system"


def test_math_answers_are_latex():
    right = ["\\boxed{\\dfrac{5}{6}}", "\\boxed{2\\sqrt2}", "Answer: 60", "\\boxed{(-3, 3)}",
             "\\boxed{20000}"]  # fmt: skip
    questions = sample("math500")
    assert [q.is_right(text) for q, text in zip(questions, right, strict=True)] == [True] * 5
    assert [q.is_right("\\boxed{7}") for q in questions] == [False] * 5
    assert [q.difficulty for q in questions] == list("12345")
    assert questions[2].family == "math500/counting_and_probability"


@needs_box
def test_humaneval_solutions_pass_and_others_do_not():
    rows = (loaders.SAMPLE / "humaneval" / "HumanEval.jsonl").read_text().splitlines()
    for question, row in zip(sample("humaneval"), map(json.loads, rows), strict=True):
        body = row["canonical_solution"]
        whole = f"Here it is:\n```python\n{row['prompt'].strip()}\n{body}```"
        assert question.judge(body).why == ""  # the body alone goes on from the prompt
        assert question.judge(whole).why == ""
        assert not question.is_right(whole.replace("return", "return not"))
        assert not question.is_right("I can't.")


def test_bfcl_calls_are_checked_with_their_alternatives():
    tank, mix, train, two, none = (
        {q.id: q for q in sample("bfcl")}[f"bfcl/{name}"]
        for name in ("simple_python_0", "simple_python_1", "multiple_0", "parallel_0",
                     "irrelevance_0")
    )  # fmt: skip

    def right(question, *calls):
        return question.is_right("", [{"name": n, "arguments": a} for n, a in calls])

    assert right(tank, ("tank.volume", {"radius": 2, "height": 3.5}))
    assert right(tank, ("tank.volume", {"radius": 2.0, "height": 3.5, "unit": "m3"}))
    assert not right(tank, ("tank.volume", {"radius": 2, "height": 3.5, "unit": "litre"}))
    assert not right(tank, ("tank.volume", {"radius": "2", "height": 3.5}))
    assert right(mix, ("mix_paint", {"parts": {"red": 1, "blue": 2}, "shades": ["plum"]}))
    assert right(mix, ("mix_paint", {"parts": {"blue": 2, "red": 1}}))
    assert not right(mix, ("mix_paint", {"parts": {"red": 2, "blue": 1}}))
    assert right(train, ("find_train", {"origin": "ha noi", "destination": "Hue"}))
    assert [m["role"] for m in train.messages()] == ["system", "user"]
    calls = [
        ("find_train", {"origin": "Lviv", "destination": "Odesa", "changes": 1}),
        ("find_train", {"origin": "Kyiv", "destination": "Lviv"}),
    ]
    assert right(two, *calls)
    assert not right(two, calls[0])
    assert right(none)
    assert not right(none, ("tank.volume", {"radius": 1, "height": 1}))
    assert tank.tools[0]["parameters"]["type"] == "object"
    assert tank.tools[0]["parameters"]["properties"]["radius"]["type"] == "number"
    assert tank.licence == "Apache-2.0"


def test_a_packed_file_is_read(tmp_path):
    text = (loaders.SAMPLE / "humaneval" / "HumanEval.jsonl").read_bytes()
    (tmp_path / "HumanEval.jsonl.gz").write_bytes(gzip.compress(text))
    assert loaders.load("humaneval", tmp_path) == sample("humaneval")
    (tmp_path / "HumanEval.jsonl.gz").write_bytes(text)
    with pytest.raises(CourseError, match="cannot be read"):
        loaders.load("humaneval", tmp_path)


def test_a_limit_holds_for_each_family():
    assert len(loaders.load("bfcl", loaders.SAMPLE / "bfcl", limit=1)) == 4


@pytest.mark.parametrize("name", loaders.NAMES)
def test_a_folder_without_the_files_is_named(name, tmp_path):
    with pytest.raises(CourseError, match=rf"There is no .* in {tmp_path}"):
        loaders.load(name, tmp_path)
    with pytest.raises(CourseError, match="There is no folder"):
        loaders.load(name, tmp_path / "missing")


@pytest.mark.parametrize(
    "line", ['{"question": "?"}', '{"question": "?", "answer": "5"}', "[]", "not JSON", '"text"']
)
def test_a_line_in_another_format_is_named(line, tmp_path):
    good = (loaders.SAMPLE / "gsm8k" / "test.jsonl").read_text().splitlines()[0]
    (tmp_path / "test.jsonl").write_text(f"{good}\n{line}\n")
    with pytest.raises(CourseError, match="line 2 is not in its format"):
        loaders.load("gsm8k", tmp_path)


def test_bfcl_without_its_answers_says_so(tmp_path):
    folder = tmp_path / "bfcl"
    shutil.copytree(loaders.SAMPLE / "bfcl", folder)
    (folder / "possible_answer" / "BFCL_v4_multiple.json").write_text("")
    with pytest.raises(CourseError, match="has multiple_0, and its possible_answer has not"):
        loaders.load("bfcl", folder)
    shutil.rmtree(folder / "possible_answer")
    with pytest.raises(CourseError, match="BFCL keeps its right answers there"):
        loaders.load("bfcl", folder)


def test_an_unknown_benchmark_is_named():
    with pytest.raises(CourseError, match=r"no benchmark 'mmlu'.*gsm8k, humaneval, math500, bfcl"):
        loaders.load("mmlu", ".")
