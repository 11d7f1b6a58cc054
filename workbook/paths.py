"""Where the course lives on disk. The only module that knows the checkout's layout."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout (the package is installed in place)."""

BUILD = ROOT / "build"
"""Everything generated; never committed."""

ARTIFACTS = BUILD / "artifacts"
EVALUATE = BUILD / "evaluate"
LOGS = BUILD / "logs"
REPORT = BUILD / "report"
RUNTIMES = BUILD / "runtimes"
SHAPES = BUILD / "shapes"
SETTINGS = BUILD / "settings.json"

VLLM = ROOT / ".venv-vllm"
"""The environment of vLLM, which wants other versions than the course."""

MODELS = ROOT / "models"
NOTEBOOKS = ROOT / "notebooks"
SOLUTIONS = ROOT / "solutions"
LABS = ROOT / "labs"
COMPOSE = ROOT / "compose"
