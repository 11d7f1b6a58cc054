"""The SLM Engine (ONNX Runtime GenAI behind FastAPI) as a runtime."""

import sys
from collections.abc import Mapping

from workbook.runtimes import probe
from workbook.runtimes.base import Kind, Launch


def prepare(
    model: str,
    port: int,
    *,
    artifact: str = "onnx-int4",
    threads: int | None = None,
    queue: int | None = None,
    deadline: float | None = None,
    host: str = "127.0.0.1",
) -> Launch:
    """Convert the model (or take it from the cache) and say how to serve it.

    threads: how many compute (see LocalModel); queue: requests that may wait; deadline: seconds
    for one request. The engine's defaults when left out.
    """
    from workbook.convert import convert

    made = convert(model, artifact)
    command = [sys.executable, "-m", "workbook.engine", "--model", model, "--artifact", artifact]
    command += ["--folder", str(made.path), "--host", host, "--port", str(port)]
    command += ["--exit-with-parent"]
    for name, value in (("threads", threads), ("queue", queue), ("deadline", deadline)):
        if value is not None:
            command += [f"--{name}", str(value)]
    return Launch(command, artifact=artifact, folder=made.path)


def describe(root_url: str) -> Mapping[str, str]:
    """What /health says: engine, version, artifact."""
    return probe.fields(probe.get(f"{root_url}/health"))


EXAMPLE = """curl {url}/reasoning -H 'Content-Type: application/json' -d '{{
  "prompt": "A train travels 240 km in 3 hours. If it increases its speed by 20 km/h, how long would the same journey take?",
  "task_type": "math", "max_length": 150, "temperature": 0}}'

curl {url}/v1/chat/completions -H 'Content-Type: application/json' -d '{{
  "model": "{model}", "temperature": 0,
  "messages": [{{"role": "user", "content": "What is a KV cache?"}}]}}'"""  # noqa: E501

KIND = Kind(
    name="engine",
    port=8080,
    prepare=prepare,
    describe=describe,
    causes=((r"could not be loaded|no converted model", "the artifact is not whole"),),
    example=EXAMPLE,
)
