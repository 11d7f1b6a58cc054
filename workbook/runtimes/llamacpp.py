"""llama.cpp as a runtime: its own HTTP server, from the package xllamacpp.

Tool calls are llama.cpp's own work too. It finds the form of a call in the chat template that the
GGUF file brings, and it holds a call to a grammar made from the tools: only their names, and the
arguments in the order of their schema. A model that starts with another argument is forced off
its course there, which is llama.cpp's usual difference from other engines at temperature 0.
"""

import importlib.util
import sys
from collections.abc import Mapping

from workbook.runtimes import probe
from workbook.runtimes.base import Kind, Launch


def prepare(
    model: str,
    port: int,
    *,
    artifact: str = "gguf-q8_0",
    context: int = 4096,
    parallel: int = 1,
    threads: int | None = None,
    kv_cache: str = "f16",
    embeddings: bool = False,
    host: str = "127.0.0.1",
) -> Launch:
    """Convert the model (or take it from the cache) and say how to serve it.

    context: tokens of prompt and answer together, for each of `parallel` requests that are
    computed at once; threads: how many compute, chosen by the model's size when left out;
    kv_cache: type of the cached keys and values, f32, f16, bf16 or q8_0; embeddings: answer
    /v1/embeddings too.
    """
    from workbook.convert import convert

    made = convert(model, artifact)
    command = [sys.executable, "-m", "workbook.runtimes.llamacpp_server", "--exit-with-parent"]
    command += ["--gguf", str(made.path / "model.gguf"), "--model", model, "--artifact", artifact]
    command += ["--host", host, "--port", str(port), "--context", str(context)]
    command += ["--parallel", str(parallel), "--kv-cache", kv_cache]
    if threads is not None:
        command += ["--threads", str(threads)]
    if embeddings:
        command += ["--embeddings"]
    return Launch(command, artifact=artifact, folder=made.path)


def describe(root_url: str) -> Mapping[str, str]:
    """Engine, version and artifact: from /health of the course's server, or from /props of a
    llama-server that was started otherwise (which does not name its artifact)."""
    found = probe.fields(probe.get(f"{root_url}/health"))
    if "engine" in found:
        return found
    build = probe.fields(probe.get(f"{root_url}/props")).get("build_info", "")
    return {"engine": "llama.cpp", "version": str(build)}


def missing() -> str:
    """One sentence when the package is not installed, empty when it is."""
    if importlib.util.find_spec("xllamacpp"):
        return ""
    return (
        "llama.cpp cannot run here because the package xllamacpp is not installed: run "
        "`python3 course.py doctor`, or start llama.cpp's llama-server yourself and use the place "
        "attached."
    )


EXAMPLE = """curl {url}/v1/chat/completions -H 'Content-Type: application/json' -d '{{
  "model": "{model}", "temperature": 0,
  "messages": [{{"role": "user", "content": "What is a KV cache?"}}]}}'

curl {url}/tokenize -H 'Content-Type: application/json' -d '{{"content": "What is a KV cache?"}}'

curl {url}/metrics"""

KIND = Kind(
    name="llamacpp",
    port=8081,
    prepare=prepare,
    describe=describe,
    missing=missing,
    causes=(
        (r"failed to load model|invalid magic", "the GGUF file is not whole: convert it again"),
        (r"unable to allocate|failed to allocate", "the machine has too little free memory"),
        (r"unknown model architecture", "this llama.cpp does not know the model's architecture"),
        (r"unknown pre-tokenizer", "this llama.cpp does not know the model's tokenizer"),
    ),
    example=EXAMPLE,
)
