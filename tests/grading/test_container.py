"""Grading in a container, for machines without bubblewrap: the same points."""

import subprocess

import pytest

from workbook.course import grade
from workbook.course.grading import bench
from workbook.evaluate import sandbox


@pytest.mark.slow
def test_a_container_gives_the_same_points(python_image, monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox, "DEFAULT_IMAGE", python_image)
    sandbox.missing.cache_clear()
    bench.make_class("lab01", 3, tmp_path / "in")
    (tmp_path / "in" / "none" / "lab01").mkdir(parents=True)
    (tmp_path / "in" / "none" / "lab01" / "lab01.ipynb").write_text("no notebook")
    try:
        points = {}
        for by in ("bwrap", "podman"):
            submissions = grade.find(tmp_path / "in")
            found = grade.grade_all(submissions, tmp_path / by, workers=1, by=by)
            points[by] = {one.student: (one.points, one.reason) for one in found}
        assert points["podman"] == points["bwrap"]
        assert points["podman"]["student000"][0] > points["podman"]["student002"][0] > 0
        listed = subprocess.run(["podman", "ps", "-a"], capture_output=True, text=True).stdout
        assert "workbook-sandbox" not in listed
    finally:
        sandbox.missing.cache_clear()
