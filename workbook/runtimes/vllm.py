"""vLLM as a runtime: its own OpenAI server, in its own environment, on a processor or a GPU."""

import contextlib
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbook import models, paths
from workbook.errors import CourseError
from workbook.runtimes import probe, process, vllm_environment
from workbook.runtimes.base import Kind, Launch

HERE = Path(__file__).parent
SERVER, PARSER = HERE / "vllm_server.py", HERE / "vllm_tools.py"
TEMPLATE = paths.ROOT / "workbook" / "models" / "phi4mini_tools.jinja"
ARTIFACT = "hf-bf16"
TOOLS = (
    "--enable-auto-tool-choice",
    "--tool-parser-plugin",
    str(PARSER),
    "--tool-call-parser",
    "phi4_mini_native",
)
GIB = 2**30
OVERHEAD = 2.5 * GIB
"""Bytes of memory that vLLM's processes take besides weights and KV cache (measured on a
processor: 1.6 GiB of it are private to them)."""


def prepare(
    model: str,
    port: int,
    *,
    artifact: str = ARTIFACT,
    max_model_len: int | None = None,
    kv_cache_gib: int | None = None,
    arguments: Sequence[str] = (),
    host: str = "127.0.0.1",
) -> Launch:
    """Make vLLM's environment if it is not there, and say how to serve the model's own folder.

    max_model_len: tokens of prompt and answer together; the model's context in the catalogue when
    left out. That is 4096 at most, because vLLM uses Phi's short LongRoPE factors up to 4096
    and the long ones above, for every request, short ones too. kv_cache_gib: memory for the KV
    cache on a processor; 1 for a bundled model, else 2. arguments: more of vLLM's own; they win
    over those from here.

    Raises CourseError when the artifact is not the plain folder, or memory is too small.
    """
    if artifact != ARTIFACT:
        raise CourseError(
            f"vLLM serves the artifact {ARTIFACT}, not {artifact!r}: leave the option out, or "
            f"serve a quantized checkpoint with vLLM by hand and attach to it."
        )
    folder = models.folder(model)
    known = models.get(model)
    cache = kv_cache_gib or (1 if known.bundled else 2)
    gpu = vllm_environment.has_gpu()
    if not gpu:
        _check_memory(model, cache)
    return Launch(
        command(
            model,
            folder,
            ("--host", host, "--port", str(port)),
            ("--max-model-len", str(max_model_len or known.context)),
            () if gpu else ("--enforce-eager",),
            TOOLS,
            arguments,
        ),
        artifact=ARTIFACT,
        folder=folder,
        environment=OFFLINE if gpu else OFFLINE | {"VLLM_CPU_KVCACHE_SPACE": str(cache)},
    )


OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CACHE_ROOT": str(paths.BUILD / "vllm"),
}
"""What keeps vLLM from asking and telling other machines, and from writing outside the course."""


def command(model: str, folder: Path, *arguments: Sequence[str]) -> list[str]:
    """The command line of the server; makes the environment if it is not there."""
    python = str(vllm_environment.prepare())
    line = [python, "-P", str(SERVER), "--exit-with-parent", "--model", str(folder)]
    line += ["--served-model-name", model, "--dtype", "bfloat16"]
    line += ["--chat-template", str(TEMPLATE), "--disable-uvicorn-access-log"]
    return [*line, *(part for group in arguments for part in group)]


def _check_memory(model: str, cache: int) -> None:
    import psutil

    needed = models.geometry(model).weight_bytes("bf16") + cache * GIB + OVERHEAD
    free = psutil.virtual_memory().available
    if free < needed:
        raise CourseError(
            f"vLLM needs {needed / 1e9:.1f} GB of memory for {model} and {free / 1e9:.1f} GB are "
            f"free: close other programs, or serve {model} with llama.cpp, which quantizes it."
        )


def describe(root_url: str) -> Mapping[str, str]:
    """Name and version; vLLM does not say in which precision it serves."""
    models_list = probe.get(f"{root_url}/v1/models")
    data = probe.fields(models_list).get("data") or [{}]
    # A server with an API key does not tell its models, but its version.
    if models_list.status_code != 401 and data[0].get("owned_by") != "vllm":
        return {}
    version = probe.fields(probe.get(f"{root_url}/version")).get("version")
    return {"engine": "vLLM", "version": version} if version else {}


# ---------------------------------------------------------------- how it refuses


@dataclass(frozen=True)
class Refusal:
    """A start that vLLM refused, the seconds until then (imports not counted), and its error."""

    name: str
    seconds: float
    error: str


def refusals(
    model: str, trials: Mapping[str, Sequence[str]], *, timeout: float = 180
) -> list[Refusal]:
    """Call vLLM's entry point with arguments that it should refuse, one after the other, in one
    process (importing vLLM takes longer than refusing).

    trials: name: arguments of vLLM, in place of the course's own for tools. Raises CourseError
    when a trial was not refused within `timeout` seconds in all.
    """
    folder = models.folder(model)
    known = ("--model", str(folder), "--served-model-name", model, "--enforce-eager")
    lines = [[*known, "--port", str(process.free_port()), *more] for more in trials.values()]
    line = [str(vllm_environment.prepare()), "-P", str(SERVER), "--exit-with-parent"]
    log = process.new_log("vllm-refusals")
    environment = OFFLINE | {"VLLM_CPU_KVCACHE_SPACE": "1"}
    with (
        process.running([*line, "--try", json.dumps(lines)], environment, log) as child,
        contextlib.suppress(subprocess.TimeoutExpired),
    ):
        child.wait(timeout)
    text = log.read_text(encoding="utf-8", errors="replace")
    found = [json.loads(said) for said in re.findall(r"^refused (\{.*\})$", text, re.MULTILINE)]
    if len(found) < len(trials):
        raise CourseError(
            f"vLLM was asked to refuse {len(trials)} starts and refused {len(found)}: see {log}."
        )
    return [Refusal(name, **said) for name, said in zip(trials, found, strict=True)]


CAUSES = (
    (
        r"less than requested memory for kv|less than desired CPU memory|No available memory for",
        "the KV cache does not fit into the free memory: ask for less (the option kv_cache_gib)",
    ),
    (r"requires --tool-call-parser", "automatic tool choice needs a tool-call parser"),
    (r"invalid tool call parser", "there is no tool-call parser of that name"),
    (r"appears path-like, but doesn't exist", "the chat template is not where it is looked for"),
    (
        r"greater than the derived max_model_len",
        "max_model_len is longer than what the model was made for",
    ),
    (
        r"Cannot find the config file for|Unknown quantization method|quantization method .* does",
        "the weights are not quantized in the way that --quantization says: leave it out",
    ),
    (
        r"LocalEntryNotFoundError|Repo id must be in the form|is not a valid model identifier",
        "the model's folder is not there, and nothing is downloaded",
    ),
    (r"Failed to infer device type", "this build of vLLM wants a GPU, and there is none"),
    (r"Illegal instruction|requires AVX", "the processor lacks instructions that vLLM needs"),
    (r"unrecognized arguments", "vLLM does not know one of the arguments"),
)

EXAMPLE = """curl {url}/v1/chat/completions -H 'Content-Type: application/json' -d '{{
  "model": "{model}", "temperature": 0,
  "messages": [{{"role": "user", "content": "What is a KV cache?"}}]}}'

curl {url}/metrics"""

KIND = Kind(
    name="vllm",
    port=8000,
    prepare=prepare,
    describe=describe,
    timeout=600.0,
    missing=vllm_environment.missing,
    causes=CAUSES,
    example=EXAMPLE,
)
