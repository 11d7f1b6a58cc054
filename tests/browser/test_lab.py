"""JupyterLab as a student sees it: `course.py lab`, a browser, and the first lesson."""

import re
import sys

import pytest

from workbook import paths


@pytest.fixture(scope="module")
def lesson():
    """JupyterLab saves what it runs by itself: the stored lesson is put back."""
    file = paths.NOTEBOOKS / "00_start_here.ipynb"
    before = file.read_bytes()
    yield
    file.write_bytes(before)


@pytest.fixture(scope="module")
def page(lesson, browser, served):
    with served([sys.executable, "course.py", "lab", "--no-browser"], cwd=paths.ROOT) as address:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(address)
        yield page
        page.close()


def outputs(page) -> str:
    return "\n".join(page.locator(".jp-OutputArea-output").all_inner_texts())


@pytest.mark.slow
def test_the_first_lesson_opens_and_runs(page):
    """Every cell of lesson 00, by the menu, as a student would run it."""
    title = page.get_by_role("heading", name="Start here")
    title.first.wait_for(timeout=120_000)
    # What is run before the kernel is there may never be executed.
    page.get_by_text(re.compile(r"\| Idle$")).wait_for(timeout=120_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Run All Cells")).click()
    ask = page.get_by_role("button", name="Ask", exact=True)
    page.wait_for_function(
        """() => [...document.querySelectorAll('.jp-InputPrompt')]
                 .some(e => e.textContent.includes('*')) === false
               && document.querySelectorAll('.jp-OutputArea-output').length > 5""",
        timeout=240_000,
    )
    ask.scroll_into_view_if_needed(timeout=60_000)
    folder = paths.BUILD / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / "lesson00-playground.png")
    page.get_by_role("menuitem", name="Run", exact=True).press("Escape")
    assert "Traceback" not in outputs(page)
    # The last cell has stopped the runtime: the playground says what to do.
    ask.click()
    page.get_by_text("the runtime was stopped").wait_for(timeout=30_000)
