"""The widgets do what their buttons say."""

import ipywidgets
import pytest

from workbook import models, paths, runtimes, settings, widgets
from workbook.models import chat


def find(widget, kind, description=None):
    for child in getattr(widget, "children", ()):
        if isinstance(child, kind) and description in (None, child.description):
            return child
        if found := find(child, kind, description):
            return found
    return None


def test_the_settings_panel_saves_the_choice(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "SETTINGS", tmp_path / "settings.json")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    panel = widgets.settings_panel()
    find(panel, ipywidgets.Dropdown, "Model").value = "phi4-mini"
    find(panel, ipywidgets.Dropdown, "Place").value = "attached"
    find(panel, ipywidgets.Button, "Save").click()
    assert settings.choose() == settings.Choice("phi4-mini", "attached")
    assert "workbook download phi4-mini" in find(panel, ipywidgets.HTML).value
    find(panel, ipywidgets.Dropdown, "Model").value = "pocket"
    find(panel, ipywidgets.Button, "Save").click()
    assert "not ready" not in find(panel, ipywidgets.HTML).value


@pytest.fixture(scope="module")
def rt(artifact):
    with runtimes.start("engine", place="embedded") as rt:
        yield rt


def test_the_playground_shows_what_the_runtime_says(rt):
    expected = "".join(widgets.pieces(rt, "What is a KV cache?"))
    view = widgets.playground(rt)
    find(view, ipywidgets.Textarea).value = "What is a KV cache?"
    find(view, ipywidgets.Button, "Ask").click()
    assert expected.strip()
    assert expected.split()[0] in find(view, ipywidgets.HTML).value


def test_the_playground_says_when_the_runtime_refuses(rt):
    view = widgets.playground(rt)
    find(view, ipywidgets.Textarea).value = "word " * 9000
    find(view, ipywidgets.Button, "Ask").click()
    assert "did not answer" in find(view, ipywidgets.HTML).value
    assert not find(view, ipywidgets.Button, "Ask").disabled


def test_an_example_fills_the_question(rt):
    view = widgets.playground(rt)
    find(view, ipywidgets.Dropdown, "Examples").value = widgets.EXAMPLES[2]
    assert find(view, ipywidgets.Textarea).value == widgets.EXAMPLES[2]


def test_a_stopped_runtime_is_said_in_one_sentence(artifact):
    with runtimes.start("engine", place="embedded") as stopped:
        view = widgets.playground(stopped)
        find(view, ipywidgets.Button, "Ask").click()
        assert "stopped" not in find(view, ipywidgets.HTML).value
    find(view, ipywidgets.Button, "Ask").click()
    assert "the runtime was stopped" in find(view, ipywidgets.HTML).value


def test_an_empty_question_is_not_sent(rt):
    view = widgets.playground(rt)
    find(view, ipywidgets.Textarea).value = " "
    find(view, ipywidgets.Button, "Ask").click()
    assert "Type a question first" in find(view, ipywidgets.HTML).value


# ---------------------------------------------------------------- two runtimes


@pytest.fixture(scope="module")
def other(artifact):
    with runtimes.start("llamacpp", place="embedded") as other:
        yield other


def shown(view) -> list[str]:
    return [answer.value for answer in view.answers]


@pytest.mark.parametrize("together", [False, True])
def test_two_runtimes_answer_side_by_side(rt, other, together):
    view = widgets.playground_of_two(rt, other)
    view.box.value, view.together.value = "What is a KV cache?", together
    before = shown(view)
    view.button.click()
    left, right = shown(view)
    plain = [widgets.stream(one, "What is a KV cache?") for one in (rt, other)]
    for html, one, reply in zip((left, right), (rt, other), plain, strict=True):
        assert one.name in html
        assert reply.text in html
        assert f"tokens: <b>{reply.tokens}</b>" in html
        assert "first token: <b>–</b>" not in html
        assert "tokens/s: <b>–</b>" not in html
    assert all("first token: <b>–</b>" in html for html in before)
    assert not view.button.disabled


def test_a_reply_is_measured(rt):
    reply = widgets.stream(rt, "What is a KV cache?")
    whole = rt.client.chat.completions.create(
        model=rt.model,
        messages=[{"role": "user", "content": "What is a KV cache?"}],
        temperature=0,
        max_tokens=400,
    )
    assert reply.text == whole.choices[0].message.content
    assert reply.tokens == whole.usage.completion_tokens
    assert 0 < reply.first_token <= reply.seconds
    assert reply.rate == pytest.approx(reply.tokens / reply.seconds)
    assert reply.error == ""


def test_one_of_two_runtimes_may_fail(rt):
    with runtimes.start("engine", place="embedded", share=False) as gone:
        view = widgets.playground_of_two(gone, rt)
    view.box.value = "What is a KV cache?"
    view.button.click()
    left, right = shown(view)
    assert "the runtime was stopped" in left
    assert "first token: <b>–</b>" in left
    assert widgets.stream(rt, "What is a KV cache?").text in right
    assert not view.button.disabled


def test_a_refusal_is_one_sentence_in_both_columns(rt):
    view = widgets.playground_of_two(rt, rt)
    view.box.value = "word " * 9000
    view.button.click()
    assert all("The runtime did not answer: " in html for html in shown(view))


def test_an_empty_question_goes_to_neither(rt, other):
    view = widgets.playground_of_two(rt, other)
    before = shown(view)
    view.box.value = "  "
    view.button.click()
    assert view.said.value == "Type a question first."
    assert shown(view) == before


def test_an_example_fills_the_question_for_both(rt):
    view = widgets.playground_of_two(rt, rt)
    view.chooser.value = widgets.EXAMPLES[2]
    assert view.box.value == widgets.EXAMPLES[2]


def test_without_widgets_there_is_a_table(rt, other):
    table = widgets.side_by_side([rt, other], "What is a KV cache?")
    assert [row["runtime"].split(",")[0] for row in table.rows] == ["engine", "llamacpp"]
    assert all("ms" in row["first token"] and int(row["tokens/s"]) > 0 for row in table.rows)
    assert all("KV cache" in row["answer"] for row in table.rows)
    view = widgets.playground_of_two(rt, other)
    assert "side_by_side([left, right]" in view._repr_mimebundle_()["text/plain"]


# ---------------------------------------------------------------- tokens


def test_a_prompt_is_shown_token_by_token():
    text = chat.render([{"role": "user", "content": "What is 5 < 6?\n"}])
    seen = widgets.Tokens(models.folder("pocket"), text)
    assert "".join(token.text for token in seen.tokens) == text
    assert [token.text for token in seen.tokens if token.special] == [
        "<|user|>", "<|end|>", "<|assistant|>"
    ]  # fmt: skip
    assert (len(seen), seen.special) == (len(seen.ids), 3)
    assert str(seen).splitlines()[0] == f"  <|user|>  [{seen.ids[0]}]"
    assert str(seen).endswith(f"{len(seen)} tokens, 3 of them special")
    assert "\\n" in str(seen)
    html = seen._repr_html_()
    assert "&lt;|user|&gt;" in html
    assert "<|user|>" not in html
    assert html.count("<span") == len(seen)


def test_what_a_model_wrote_is_shown_too():
    folder = models.folder("pocket")
    seen = widgets.Tokens(folder, "<|user|>Hello<|end|>")
    assert str(widgets.Tokens(folder, seen.ids)) == str(seen)
    with pytest.raises(OSError, match=r"tokenizer\.json"):
        widgets.Tokens(folder / "card", "Hello")
