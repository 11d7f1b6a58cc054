"""The engine under bad treatment, in the short form (about three minutes in all)."""

from importlib.util import find_spec

import pytest

from workbook.bench import robustness


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in robustness.CHECKS if name != "fuzz"])
def test_the_engine_takes_it(artifact, name):
    missed = [figure for figure in robustness.CHECKS[name](False) if not figure.good]
    assert missed == []


@pytest.mark.slow
@pytest.mark.skipif(find_spec("schemathesis") is None, reason="schemathesis is not installed")
def test_no_made_up_request_breaks_it(artifact):
    missed = [figure for figure in robustness.fuzz(False) if not figure.good]
    assert missed == []


def test_a_figure_that_is_missed_fails_the_command(monkeypatch, tmp_path, capsys):
    def check(full):
        """A check."""
        yield robustness.Figure("check", "one", "1", "1", True)
        yield robustness.Figure("check", "two", "2", "1", full)

    monkeypatch.setitem(robustness.CHECKS, "check", check)
    monkeypatch.setattr(robustness, "LATEST", tmp_path / "out" / "robustness.json")
    assert robustness.main(["--only", "check"]) == 1
    assert "MISS two: 2" in capsys.readouterr().out
    assert robustness.main(["--only", "check", "--full"]) == 0
    assert '"found": "2"' in robustness.LATEST.read_text()


def test_only_requests_lose_their_room_for_other_fields():
    object_ = {"type": "object", "properties": {}}
    description = {
        "paths": {"/": {"post": {
            "requestBody": {"schema": {"$ref": "#/components/schemas/Asked"}},
            "responses": {"200": {"schema": {"$ref": "#/components/schemas/Told"}}},
        }}},
        "components": {"schemas": {
            "Asked": {**object_, "properties": {"a": {"$ref": "#/components/schemas/Inner"}}},
            "Inner": dict(object_),
            "Told": dict(object_),
        }},
    }  # fmt: skip
    schemas = robustness._closed(description)["components"]["schemas"]
    closed = [name for name, schema in schemas.items() if "additionalProperties" in schema]
    assert closed == ["Asked", "Inner"]
