"""Model and place: which choice wins."""

import pytest

from workbook import paths, settings
from workbook.errors import CourseError
from workbook.settings import Choice


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "SETTINGS", tmp_path / "build" / "settings.json")
    monkeypatch.delenv("WORKBOOK_MODEL", raising=False)
    monkeypatch.delenv("WORKBOOK_PLACE", raising=False)


def test_nothing_said_is_pocket_and_auto():
    assert settings.choose() == Choice("pocket", "auto")


def test_parameters_win_over_environment_and_environment_over_the_panel(monkeypatch):
    settings.save(Choice("from-panel", "embedded"))
    assert settings.choose() == Choice("from-panel", "embedded")
    monkeypatch.setenv("WORKBOOK_MODEL", "from-environment")
    monkeypatch.setenv("WORKBOOK_PLACE", "attached")
    assert settings.choose() == Choice("from-environment", "attached")
    assert settings.choose("from-parameter", "compose") == Choice("from-parameter", "compose")


def test_an_unknown_place_is_named_with_the_known_ones():
    with pytest.raises(CourseError, match=r"place 'cloud' does not exist.*embedded"):
        settings.choose(place="cloud")
    with pytest.raises(CourseError):
        settings.save(Choice("pocket", "cloud"))
    assert not paths.SETTINGS.exists()


@pytest.mark.parametrize("content", ["{not json", ""])
def test_a_broken_settings_file_is_one_sentence(content):
    paths.SETTINGS.parent.mkdir()
    paths.SETTINGS.write_text(content)
    with pytest.raises(CourseError, match=r"is not JSON .*delete it"):
        settings.choose()


def test_settings_of_another_form_are_ignored():
    paths.SETTINGS.parent.mkdir()
    paths.SETTINGS.write_text("[1, 2]")
    assert settings.choose() == Choice()
