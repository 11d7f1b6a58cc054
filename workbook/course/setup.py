"""What the course's own environment, `.venv`, is made of. Standard library only: it runs before
anything is installed, under the Python that called `course.py`.
"""

from workbook.environments import GB, Setup, Step, only_one

__all__ = ["STEPS", "TEST_STEPS", "Setup", "Step", "only_one"]

STEPS = (
    Step("python", "a Python environment in .venv", (), 0.1 * GB, Setup.make_venv),
    Step(
        "torch",
        "PyTorch, the build without CUDA",
        ("requirements-torch.txt", "constraints.txt"),
        1.4 * GB,
        Setup.install_torch,
    ),
    Step(
        "packages",
        "the packages of lessons and labs",
        ("requirements.txt", "constraints.txt"),
        2.4 * GB,
        lambda setup: setup.install("-r", "requirements.txt", "-c", "constraints.txt"),
    ),
    Step(
        "course",
        "the course's own package",
        ("pyproject.toml",),
        0.1 * GB,
        lambda setup: setup.install("--no-deps", "--no-build-isolation", "-e", "."),
    ),
)
"""What `lab`, `run` and `grade` need."""

TEST_STEPS = (
    *STEPS,
    Step(
        "tests",
        "the packages of the tests",
        ("requirements-test.txt", "constraints.txt"),
        0.3 * GB,
        lambda setup: setup.install("-r", "requirements-test.txt", "-c", "constraints.txt"),
    ),
)
"""What `test` needs."""
