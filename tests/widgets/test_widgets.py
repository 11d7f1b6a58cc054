"""The widgets do what their buttons say."""

import ipywidgets
import pytest

from workbook import paths, runtimes, settings, widgets


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
