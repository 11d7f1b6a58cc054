"""pocket's problems, tokenizer, training and card."""

import itertools
import json
import random
import re
from dataclasses import replace

import pytest
from tokenizers import Tokenizer

from workbook import evaluate, models, paths
from workbook.errors import CourseError
from workbook.evaluate import answers
from workbook.models import chat
from workbook.pocket import banks, card, families, geometry, score, tokenizer, train
from workbook.pocket.families import code, mathematics, problem

SOME = 3000


@pytest.fixture(scope="module")
def problems():
    return list(itertools.islice(families.training(seed=5), SOME))


def test_training_never_sees_a_held_out_problem(problems):
    assert not [p for p in problems if problem.held_out(p.family, p.key)]
    swapped = {(p.family, *k) for p in problems for k in problem.same_problem(p.family, p.key)}
    asked = {(p.family, *p.key) for name in families.BY_NAME
             for p in families.held_out_problems(name, 40, banks.SEED)}  # fmt: skip
    assert not swapped & asked
    prompts = {p.prompt for p in problems}
    assert not [q for q in evaluate.load("heldout") if q.prompt in prompts]


def test_about_a_tenth_of_the_problems_is_held_out():
    rng = random.Random(0)
    drawn = [mathematics.distance(rng) for _ in range(2000)]
    share = sum(problem.held_out(p.family, p.key) for p in drawn) / len(drawn)
    assert 0.07 < share < 0.13


def test_the_split_is_by_problem_not_by_wording():
    rng = random.Random(0)
    by_key = {}
    for _ in range(20_000):
        p = mathematics.area_change(rng)
        by_key.setdefault(p.key, set()).add(problem.held_out(p.family, p.key))
    assert all(len(found) == 1 for found in by_key.values())


def test_the_tutorials_problems_are_held_out():
    assert all(problem.held_out(family, tuple(key)) for family, *key in problem.TUTORIAL)
    drawn = [(p.family, *p.key) for p in itertools.islice(families.training(seed=9), 30_000)]
    assert not set(drawn) & problem.TUTORIAL
    prompts = {q.prompt for q in banks.tutorial()}
    assert not prompts & {p.prompt for p in itertools.islice(families.training(seed=9), 30_000)}


def test_the_banks_are_what_the_generators_make():
    for name, made in (("heldout", banks.heldout()), ("tutorial", banks.tutorial())):
        assert evaluate.load(name) == made, f"run `workbook pocket data` to write {name} again"


def test_every_worked_answer_is_right(problems):
    for p in problems:
        if p.checker == "number":
            assert answers.same_number(p.answer, p.expected), p
        elif p.checker == "yes_no":
            assert answers.yes_no(p.answer) == p.expected, p


EQUATION = re.compile(
    r"(-?[\d.]+) ([-+x/]) (-?[\d.]+) = (-?[\d.]+)(?= |,|\.? |\.?$|\.?\n| [a-z])", re.M
)


def test_every_step_of_the_working_is_right(problems):
    checked = 0
    for p in problems:
        for a, op, b, c in EQUATION.findall(p.answer.replace(". ", " ; ").replace(".\n", "\n")):
            a, b, c = (float(x.rstrip(".")) for x in (a, b, c))
            value = {"+": a + b, "-": a - b, "x": a * b, "/": a / b if op == "/" else 0}[op]
            assert value == pytest.approx(c, abs=0.006), (p.family, p.answer)
            checked += 1
    assert checked > SOME


def test_long_division_ends_or_says_that_it_does_not():
    assert problem.long_division(240, 100) == (
        "240 = 2 x 100 + 40. 400 = 4 x 100 + 0. So 240 / 100 = 2.4."
    )
    with pytest.raises(ValueError, match="does not end"):
        problem.long_division(1, 3)


@pytest.mark.parametrize("name", code.FUNCTIONS)
def test_every_function_passes_its_own_test(name):
    _, source, test = code.FUNCTIONS[name]
    space: dict = {}
    exec(source, space)
    exec(test, space)


def test_tool_calls_are_copies_of_a_tool_and_of_the_request(problems):
    calls = [p for p in problems if p.tool_calls]
    assert len(calls) > 100
    for p in calls:
        made = p.tool_calls[0]
        tool = next(t for t in p.tools if t["name"] == made["name"])
        assert set(made["arguments"]) == set(tool["parameters"]["required"])
        for key, value in made["arguments"].items():
            kind = tool["parameters"]["properties"][key]["type"]
            assert isinstance(value, int if kind == "number" else str)
            assert str(value) in p.prompt


def test_some_problems_offer_tools_that_do_not_fit(problems):
    assert [p for p in problems if p.tools and not p.tool_calls]


def test_the_tokenizer_splits_every_digit_and_loses_nothing():
    vocabulary = Tokenizer.from_file(str(models.folder("pocket") / "tokenizer.json"))
    for text in ("1234.56 km", "Xin chào, bạn 😀", "привіт", "def f(x):\n\treturn x\x00"):
        assert vocabulary.decode(vocabulary.encode(text).ids) == text
    tokens = vocabulary.encode("12345").tokens
    assert tokens == list("12345")


def test_special_tokens_come_last_and_are_special():
    file = json.loads((models.folder("pocket") / "tokenizer.json").read_text(encoding="utf-8"))
    added = {t["content"]: t for t in file["added_tokens"]}
    assert list(added) == list(tokenizer.SPECIAL)
    assert all(t["special"] for t in added.values())
    first = tokenizer.VOCABULARY - len(tokenizer.SPECIAL)
    assert [t["id"] for t in added.values()] == list(range(first, tokenizer.VOCABULARY))


def test_training_the_tokenizer_again_gives_the_bundled_one():
    bundled = (models.folder("pocket") / "tokenizer.json").read_text(encoding="utf-8")
    assert json.loads(tokenizer.train().to_str()) == json.loads(bundled)


def test_the_bundled_config_is_what_geometry_writes():
    bundled = json.loads((models.folder("pocket") / "config.json").read_text(encoding="utf-8"))
    assert bundled == geometry.config()


def test_only_the_answer_is_learned():
    vocabulary = Tokenizer.from_file(str(models.folder("pocket") / "tokenizer.json"))
    p = mathematics.average(random.Random(1))
    ids, labels = train.encode(p, vocabulary)
    assert len(ids) == len(labels)
    learned = [i for i, label in zip(ids, labels, strict=True) if label != -100]
    assert vocabulary.decode(learned, skip_special_tokens=False) == p.answer + "<|end|>"
    prompt = chat.render(p.messages()[:-1])
    assert vocabulary.encode(prompt).ids == ids[: len(ids) - len(learned)]


def test_batches_are_decided_by_seed_and_pool():
    vocabulary = Tokenizer.from_file(str(models.folder("pocket") / "tokenizer.json"))
    preset = train.PRESETS["smoke"]
    one, again = (train.batches(preset, vocabulary, 3)[0] for _ in range(2))
    other = train.batches(preset, vocabulary, 4)[0]
    assert one.input_ids.tolist() == again.input_ids.tolist()
    assert one.input_ids.tolist() != other.input_ids.tolist()
    assert all(
        b.input_ids.numel() <= preset.batch_tokens for b in train.batches(preset, vocabulary, 3)
    )


@pytest.mark.slow
def test_training_learns_and_goes_on_where_it_was_interrupted(tmp_path, monkeypatch):
    preset = replace(train.PRESETS["smoke"], tokens=150_000)
    whole = train.train(preset, tmp_path / "whole")
    with (tmp_path / "whole" / "losses.jsonl").open() as file:
        assert json.loads(file.readlines()[-1])["loss"] < 6.5  # ln(1280) is 7.15

    monkeypatch.setattr(train, "CHECKPOINT_SECONDS", 0)
    real, calls = train._save, []

    def interrupted(*arguments):
        real(*arguments)
        calls.append(arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "_save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train.train(preset, tmp_path / "parts")
    monkeypatch.setattr(train, "_save", real)
    parts = train.train(preset, tmp_path / "parts")
    weights = [(folder / "model.safetensors").read_bytes() for folder in (whole, parts)]
    assert weights[0] == weights[1]


def test_installing_what_was_not_trained_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    with pytest.raises(CourseError, match=r"no trained model .*train --preset gpu`"):
        train.install("gpu")


def test_the_card_shows_the_scores_of_these_weights():
    scores = json.loads(score.SCORES.read_text(encoding="utf-8"))
    assert scores["fingerprint"] == models.fingerprint(models.folder("pocket"))
    text = card.text(models.folder("pocket"), scores["families"])
    assert (models.folder("pocket") / "README.md").read_text(encoding="utf-8") == text


def test_scores_of_other_weights_are_refused(monkeypatch, tmp_path):
    other = tmp_path / "scores.json"
    other.write_text(json.dumps({"fingerprint": "another", "families": {}}))
    monkeypatch.setattr(card, "SCORES", other)
    with pytest.raises(CourseError, match="not those of these weights"):
        card.write()


@pytest.mark.slow
def test_pocket_answers_the_fixed_prompts_in_the_right_form():
    results = {r.id: r for r in score.score(limit=1)}
    train_, car = results["tutorial/0"], results["tutorial/1"]
    assert train_.right, train_.text
    assert car.right, car.text
    for result in (train_, car):
        assert re.search(r"^Answer: ", result.text, re.M)


def test_padding_is_neither_read_nor_learned():
    batch = train._pad([([5, 6, 7], [-100, 6, 7]), ([5], [5])])
    assert batch.attention_mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch.labels.tolist() == [[-100, 6, 7], [5, -100, -100]]


def test_the_rate_warms_up_and_falls_to_zero():
    preset = train.PRESETS["smoke"]
    assert train.rate(preset, 0, 0) == preset.learning_rate / preset.warmup_steps
    assert train.rate(preset, 99, preset.tokens // 2) == preset.learning_rate
    assert train.rate(preset, 99, preset.tokens) == 0


def test_a_checkpoint_of_other_settings_is_refused(tmp_path):
    import torch

    state = {"preset": {"layers": 99}}
    torch.save(state, tmp_path / "checkpoint.pt")
    with pytest.raises(CourseError, match="made with other settings"):
        train._resume(tmp_path, train.PRESETS["smoke"], None, [])


def test_the_gpu_preset_without_a_gpu_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(CourseError, match="needs an NVIDIA GPU"):
        train.train(train.PRESETS["gpu"], tmp_path)


def test_a_partial_score_is_not_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(score, "SCORES", tmp_path / "scores.json")
    one = [evaluate.Result("tutorial/0", "travel_time", True, "")]
    monkeypatch.setattr(score, "score", lambda limit: one)
    score.run(limit=1)
    assert not score.SCORES.exists()


@pytest.mark.parametrize("width", [200, 1280])
def test_a_hidden_size_that_does_not_divide_is_refused(width):
    with pytest.raises(ValueError, match="not a multiple"):
        geometry.config(hidden_size=width)


@pytest.mark.parametrize("width", [192, 320])  # hidden size; queries, keys and values
def test_every_projection_is_compared_with_the_vocabulary(monkeypatch, width):
    monkeypatch.setattr(geometry, "VOCABULARY", width)
    with pytest.raises(ValueError, match="equals a projection width"):
        geometry.config()
