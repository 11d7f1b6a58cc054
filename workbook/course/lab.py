"""JupyterLab on lesson 00, on this machine only.

python -m workbook.course.lab [--no-browser] [--port N]
"""

import argparse
import json
import os
import secrets
import socket
import sys
from pathlib import Path

from workbook import paths
from workbook.course import options
from workbook.errors import CourseError

FIRST = "notebooks/00_start_here.ipynb"
PORT = 8888
SETTINGS = {
    # no question about news, no look for a newer version
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}


def settings_folder(build: Path) -> Path:
    """Write the course's defaults for JupyterLab under `build`; returns the folder to add to
    Jupyter's configuration path."""
    folder = build / "jupyter"
    lab = folder / "labconfig"
    lab.mkdir(parents=True, exist_ok=True)
    text = json.dumps(SETTINGS, indent=1)
    (lab / "default_setting_overrides.json").write_text(text, encoding="utf-8")
    return folder


def choose_port(wanted: int | None) -> int:
    """The port to ask for. Raises CourseError if one is wanted and taken."""
    if wanted is None:
        return PORT
    with socket.socket() as probe:
        if os.name != "nt":  # as the server will do, so that a port just left is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise CourseError(
                f"Port {wanted} cannot be used ({error.strerror}): choose another with --port, "
                "or leave --port out."
            ) from None
    return wanted


def arguments(root: Path, first: str, port: int | None, browser: bool, token: str) -> list[str]:
    """JupyterLab's command line; what is not here stays as the user has configured it."""
    return [
        f"--ServerApp.root_dir={root}",
        # its own tabs, not those of another copy of the course
        f"--LabApp.workspaces_dir={root / 'build' / 'jupyter' / 'workspaces'}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={choose_port(port)}",
        f"--ServerApp.port_retries={50 if port is None else 0}",
        f"--ServerApp.open_browser={browser}",
        f"--ServerApp.allow_root={hasattr(os, 'geteuid') and os.geteuid() == 0}",
        "--ServerApp.answer_yes=True",  # Ctrl-C ends it without a question
        f"--IdentityProvider.token={token}",
        f"--LabApp.default_url=/lab/tree/{first}" if first else "--LabApp.default_url=/lab",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",  # the other one asks the package index
        "--MappingKernelManager.default_kernel_name=python3",
        "--Application.log_level=WARN",
    ]


def serve(root: Path, port: int | None, browser: bool) -> None:
    """Serve JupyterLab until Ctrl-C. Raises CourseError if the port is taken."""
    os.chdir(root)  # where nbgrader's pages look for nbgrader_config.py and the gradebook
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel of this environment before others
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    # read when jupyter_core is imported, so before that
    folders = [str(settings_folder(root / "build")), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, folders))
    from jupyterlab.labapp import LabApp

    first = FIRST if (root / FIRST).exists() else ""
    token = secrets.token_hex(16)
    server = LabApp.initialize_server(argv=arguments(root, first, port, browser, token))
    page = f"lab/tree/{first}" if first else "lab"

    def tell() -> None:
        print("\nJupyterLab is running. If no browser opens, open this address in yours:\n")
        print(f"    http://127.0.0.1:{server.port}/{page}?token={token}\n")
        print("Ctrl-C in this window ends it.\n", flush=True)

    # once the server listens: only then is the port certain
    server.io_loop.add_callback(tell)
    server.start()


def main(argv: list[str] | None = None) -> int:
    """The command line of `course.py lab`."""
    parser = argparse.ArgumentParser(prog="course.py lab")
    options.COMMANDS["lab"].add(parser)
    args = parser.parse_args(argv)
    try:
        serve(paths.ROOT, args.port, browser=not args.no_browser)
    except CourseError as error:
        print(f"course.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
