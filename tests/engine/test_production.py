"""What an operator relies on: limits, probes, figures, keys, and an end in good order."""

import asyncio
import contextlib
import hashlib
import json
import logging
import random
import re
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest
from engine_doubles import Slow, Spelled, unlucky, wait_for
from prometheus_client.parser import text_string_to_metric_families
from test_command import engine

from workbook.course.demos import serving
from workbook.engine import LocalModel, keys, logs
from workbook.engine.__main__ import main, options
from workbook.engine.app import create_app
from workbook.engine.service import Limits, Service
from workbook.errors import CourseError

HELLO = [{"role": "user", "content": "A train travels 240 km in 3 hours."}]
LONG = {"max_tokens": 3000, "min_tokens": 3000}
HTTP = httpx.Client(
    timeout=120, verify=False, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
)
"""One for all: httpx.post makes a new client each time, which takes longer than the answer."""


def chat(url: str, headers: dict | None = None, **fields) -> httpx.Response:
    body = {"model": "pocket", "messages": HELLO, "max_tokens": 5, "temperature": 0} | fields
    return HTTP.post(f"{url}/v1/chat/completions", json=body, headers=headers)


def code(response: httpx.Response) -> str:
    found = response.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    assert found["message"].endswith(".") and "\n" not in found["message"]
    return found["code"]


def figures(url: str) -> dict[tuple, float]:
    text = httpx.get(f"{url}/metrics").text
    return {
        (sample.name.removeprefix("slm_engine_"), *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def start(artifact):
    """start(model, **options of create_app) gives the address of an engine around that model."""
    with contextlib.ExitStack() as stack:

        def begin(model: LocalModel, **options) -> str:
            app = create_app(artifact.path, "pocket", load=lambda: model, **options)
            url = stack.enter_context(serving(app))
            assert wait_for(lambda: httpx.get(f"{url}/readyz").status_code == 200)
            return url

        yield begin


# ---------------------------------------------------------------- the queue


def test_a_full_queue_gives_429_and_says_when_to_come_back(start, artifact):
    model = Slow(artifact.path)
    url = start(model, limits=Limits(queue=1, together=1))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(chat, url, max_tokens=400, min_tokens=400)
        assert wait_for(lambda: model.tokens > 0)
        second = pool.submit(chat, url)
        assert wait_for(lambda: figures(url)["queue_length",] == 1)
        for stream in (False, True):
            third = chat(url, stream=stream)
            assert third.status_code == 429
            assert code(third) == "queue_full"
            assert third.json()["error"]["type"] == "rate_limit_error"
            assert 1 <= int(third.headers["Retry-After"]) <= 60
        with pytest.raises(openai.RateLimitError):
            client = openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0)
            client.completions.create(model="pocket", prompt="a")
        reasoning = httpx.post(f"{url}/reasoning", json={"prompt": "Hi"})
        assert reasoning.status_code == 429
        assert first.result().status_code == second.result().status_code == 200
    assert chat(url).status_code == 200
    found = figures(url)
    assert found["errors_total", "queue_full"] == 4
    assert found["queue_length",] == found["running",] == 0


def test_a_queue_of_none_takes_one_at_a_time(start, artifact):
    model = Slow(artifact.path)
    url = start(model, limits=Limits(queue=0, together=1))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(chat, url, max_tokens=300, min_tokens=300)
        assert wait_for(lambda: model.tokens > 0)
        assert chat(url).status_code == 429
        assert first.result().status_code == 200
    assert chat(url).status_code == 200


# ---------------------------------------------------------------- the deadline


def test_the_deadline_gives_504_and_stops_the_generation(start, artifact):
    model = Slow(artifact.path)
    url = start(model, limits=Limits(deadline=0.7))
    answer = chat(url, **LONG)
    assert answer.status_code == 504
    assert code(answer) == "deadline_exceeded"
    assert "0.7 seconds" in answer.json()["error"]["message"]
    assert not model.busy and 0 < model.tokens < 3000
    with pytest.raises(openai.InternalServerError):
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0)
        client.chat.completions.create(model="pocket", messages=HELLO, extra_body=LONG)
    assert figures(url)["stopped_total", "deadline"] == 2


def test_a_stream_that_passes_the_deadline_ends_with_an_error_event(start, artifact):
    url = start(Slow(artifact.path), limits=Limits(deadline=0.7))
    answer = chat(url, stream=True, **LONG)
    assert answer.status_code == 200
    events = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert json.loads(events[-1])["error"]["code"] == "deadline_exceeded"
    assert len(events) > 3 and "[DONE]" not in answer.text
    with pytest.raises(openai.APIError, match=r"0\.7 seconds"):
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="x", max_retries=0)
        list(client.chat.completions.create(
            model="pocket", messages=HELLO, stream=True, extra_body=LONG
        ))  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
def test_who_waits_past_the_deadline_gets_504_and_is_never_computed(start, artifact, stream):
    model = Slow(artifact.path)
    url = start(model, limits=Limits(deadline=1.0, together=1))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(chat, url, **LONG)
        assert wait_for(lambda: model.tokens > 0)
        second = chat(url, stream=stream)
        assert first.result().status_code == 504
    # The first one's deadline is earlier: the second may get its turn for a moment.
    assert second.status_code in (200, 504)
    if second.status_code == 504:
        assert code(second) == "deadline_exceeded"


def test_a_long_prompt_is_given_up_at_the_deadline(start, model):
    url = start(model, limits=Limits(deadline=0.3))
    answer = chat(url, messages=[{"role": "user", "content": "train " * 4000}])
    assert answer.status_code == 504
    assert wait_for(lambda: not model.busy)


# ---------------------------------------------------------------- sizes


def test_a_body_beyond_the_limit_gets_413(start, model):
    url = start(model, limits=Limits(body=5000))
    assert chat(url).status_code == 200
    large = json.dumps({"model": "pocket", "messages": HELLO, "x": "x" * 6000}).encode()
    headers = {"Content-Type": "application/json"}
    for content in (large, iter([large[:4000], large[4000:]])):  # the second one is chunked
        found = httpx.post(f"{url}/v1/chat/completions", content=content, headers=headers)
        assert found.status_code == 413
        assert code(found) == "body_too_large" and "5000 bytes" in found.json()["error"]["message"]


def test_max_tokens_has_a_limit(start, model):
    url = start(model, limits=Limits(max_tokens=8))
    for fields in ({"max_tokens": 9}, {"max_completion_tokens": 9}):
        found = chat(url, **fields)
        assert found.status_code == 400 and "at most 8 tokens" in found.json()["error"]["message"]
    body = {"model": "pocket", "messages": HELLO, "min_tokens": 99, "temperature": 0}
    whole = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60).json()
    assert whole["usage"]["completion_tokens"] == 8
    one = httpx.post(f"{url}/reasoning", json={"prompt": "Hi"}, timeout=60)
    assert one.status_code == 200 and one.json()["completion_tokens"] <= 8
    assert httpx.post(f"{url}/reasoning", json={"prompt": "Hi", "max_length": 9}).status_code == 422


# ---------------------------------------------------------------- probes and figures


def test_livez_is_200_while_the_model_loads_and_readyz_is_not(model, artifact):
    gate = threading.Event()

    def load() -> LocalModel:
        gate.wait()
        return model

    with serving(create_app(artifact.path, "pocket", load=load)) as url:
        assert httpx.get(f"{url}/livez").status_code == 200
        found = httpx.get(f"{url}/readyz")
        assert (found.status_code, found.json()) == (503, {"status": "loading"})
        assert chat(url).headers["Retry-After"] == "2"
        assert figures(url)["ready",] == 0
        gate.set()
        assert wait_for(lambda: httpx.get(f"{url}/readyz").status_code == 200)
        assert figures(url)["ready",] == 1
        assert figures(url)["model_load_seconds",] > 0


def test_the_figures_count_what_happened(start, model):
    url = start(model)
    assert chat(url, max_tokens=7, min_tokens=7).status_code == 200
    assert chat(url, stream=True, max_tokens=5, min_tokens=5).status_code == 200
    assert chat(url, model="phi9").status_code == 404
    httpx.get(f"{url}/made/up")
    found = figures(url)
    path = "/v1/chat/completions"
    assert found["requests_total", *sorted(["POST", path, "200"])] == 2
    assert found["requests_total", *sorted(["POST", path, "404"])] == 1
    assert found["requests_total", *sorted(["GET", "other", "404"])] == 1
    assert found["errors_total", "model_not_found"] == 1
    assert found["generated_tokens_total",] == 12
    assert found["prompt_tokens_total",] == 2 * len(model.encode(HELLO))
    for name in ("queue_seconds", "time_to_first_token_seconds", "request_seconds"):
        assert found[f"{name}_count",] == 2
    assert found["time_per_output_token_seconds_count",] == 2
    assert found["time_to_first_token_seconds_sum",] <= found["request_seconds_sum",]
    assert found["info", "pocket"] == 1


@pytest.mark.parametrize("prompt", ["short", "long"])
def test_a_client_that_hangs_up_frees_the_model_within_100_ms(start, model, prompt):
    url = start(model)
    content = "A train travels 240 km. " * (300 if prompt == "long" else 1)
    body = {"model": "pocket", "messages": [{"role": "user", "content": content}]} | LONG
    raw = json.dumps(body).encode()
    host, port = url.removeprefix("http://").split(":")
    times = []
    for _ in range(5):
        with socket.create_connection((host, int(port))) as connection:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(raw)}"
            connection.sendall(f"{head}\r\nContent-Type: application/json\r\n\r\n".encode() + raw)
            assert wait_for(lambda: model.busy)
            time.sleep(0.05)
        started = time.perf_counter()
        while model.busy:
            time.sleep(0.001)
        times.append(time.perf_counter() - started)
    assert sorted(times)[1] < 0.1, times  # the machine may be busy with something else


# ---------------------------------------------------------------- many at once


def mixed(url: str, number: int) -> str:
    """The answer to the request of that number: drawn and greedy, whole and streamed."""
    draw = random.Random(number)
    text = " ".join(
        draw.choices(["A train", "240 km", "日本", "3 hours.", "<|end|>"], k=2 + number % 40)
    )
    fields: dict = {"messages": [{"role": "user", "content": text}]}
    fields["max_tokens"] = draw.choice([3, 8, 16, 24])
    kind = number % 8
    if kind == 0:
        fields |= {"temperature": 1.3, "top_p": 0.9, "seed": number}
    elif kind == 1:
        fields |= {"temperature": 0.7, "seed": number, "min_tokens": 3}
    elif kind == 2:
        fields |= {"stop": [" ", "="]}
    elif kind == 3:
        fields |= {"logprobs": True, "top_logprobs": 2}
    elif kind == 4 and number % 16 == 4:
        fields |= {"response_format": {"type": "json_object"}}
    elif kind in (5, 6):
        events = [e[6:] for e in chat(url, stream=True, **fields).text.split("\n\n") if e]
        assert events[-1] == "[DONE]"
        deltas = [json.loads(event)["choices"][0]["delta"] for event in events[:-1]]
        return "".join(delta.get("content", "") for delta in deltas)
    choice = chat(url, **fields).json()["choices"][0]
    return json.dumps([choice["message"]["content"], choice["logprobs"]])


@pytest.mark.slow
def test_500_requests_of_32_clients_get_the_answers_they_get_alone(start, artifact):
    url = start(LocalModel(artifact.path), limits=Limits(queue=32))
    alone = [mixed(url, number) for number in range(500)]
    before = figures(url)
    assert before["batch_answers_sum",] == before["batch_answers_count",]
    with ThreadPoolExecutor(32) as pool:
        together = list(pool.map(lambda number: mixed(url, number), range(500)))
    assert together == alone
    assert len(set(alone)) > 100
    after = figures(url)
    rounds, tokens = (after[name,] - before[name,] for name in ("batch_answers_count",
                                                                "batch_answers_sum"))  # fmt: skip
    assert tokens == pytest.approx(before["batch_answers_sum",], rel=0.2)  # stops: a bit too far
    assert tokens / rounds > 3


def test_a_round_that_fails_is_500_for_its_requests_and_the_engine_goes_on(start, artifact):
    model = LocalModel(artifact.path)
    decoder = model._batch._decoder
    decoder.step = unlucky(decoder.step, 2)
    url = start(model)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(chat, url, stream=stream, **LONG) for stream in (False, True)]
        whole, streamed = (one.result() for one in both)
    assert whole.status_code == 500 and code(whole) == "internal_error"
    if streamed.status_code == 200:  # its first token had been sent
        assert json.loads(streamed.text.split("\n\n")[-2][6:])["error"]["code"] == "internal_error"
    else:
        assert code(streamed) == "internal_error"
    assert "out of luck" not in whole.text + streamed.text
    assert chat(url).status_code == 200
    assert figures(url)["running",] == 0


def test_a_client_that_hangs_up_leaves_its_neighbours_alone(start, model):
    url = start(model)
    fields = {"max_tokens": 800, "min_tokens": 800, "logprobs": True}
    alone = chat(url, **fields).json()["choices"]
    with ThreadPoolExecutor(3) as pool:
        stay = [pool.submit(chat, url, **fields) for _ in range(3)]
        for _ in range(6):
            with pytest.raises(httpx.ReadTimeout):
                body = {"model": "pocket", "messages": HELLO} | LONG
                httpx.post(f"{url}/v1/chat/completions", json=body, timeout=0.15)
        assert all(one.result().json()["choices"] == alone for one in stay)
    assert wait_for(lambda: not model.busy)


# ---------------------------------------------------------------- ids and logs


@pytest.mark.parametrize("asked, kept", [("abc-1.2:3_X", True), ("a b", False), ("x" * 129, False)])
def test_a_sane_request_id_comes_back(server, asked, kept):
    found = httpx.get(f"{server}/v1/models", headers={"X-Request-ID": asked})
    assert (found.headers["X-Request-ID"] == asked) is kept
    assert re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", found.headers["X-Request-ID"])


def test_errors_have_an_id_too(server):
    for found in (httpx.get(f"{server}/nothing"), chat(server, model="x"), chat(server, n=3)):
        assert len(found.headers["X-Request-ID"]) == 32


def test_a_log_line_is_json_and_says_what_was_done(server, caplog):
    caplog.set_level(logging.INFO)
    assert chat(server, {"X-Request-ID": "my-id"}, max_tokens=3, min_tokens=3).status_code == 200

    def mine() -> list[logging.LogRecord]:  # not the end of a test's request before this one
        return [r for r in caplog.records if getattr(r, "completion_tokens", 0) == 3]

    assert wait_for(lambda: len(mine()) == 1)
    (record,) = mine()
    assert record.getMessage() == "request"
    token = logs.REQUEST.set("my-id")
    line = json.loads(logs.Json().format(record))
    logs.REQUEST.reset(token)
    assert (line["request_id"], line["status"], line["completion_tokens"]) == ("my-id", 200, 3)
    assert (line["path"], line["finish_reason"]) == ("/v1/chat/completions", "length")
    assert "train" not in json.dumps(line)
    assert "status=200" in logs.Text().format(record)


# ---------------------------------------------------------------- keys


def key_file(tmp_path, text: str):
    file = tmp_path / "keys.toml"
    file.write_text(text)
    file.chmod(0o640)
    return file


def entry(name: str, key: str, more: str = "") -> str:
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f'[[keys]]\nname = "{name}"\nsha256 = "{digest}"\n{more}\n'


def bearer(key: str) -> dict:
    return {"Authorization": f"Bearer {key}"}


def test_only_known_keys_may_ask(start, model, tmp_path):
    known = keys.read(key_file(tmp_path, entry("alice", "k1") + entry("bob", "k2")))
    url = start(model, keys=known)
    for key in ("k1", "k2"):
        assert chat(url, bearer(key)).status_code == 200
        assert httpx.get(f"{url}/v1/models", headers=bearer(key)).status_code == 200
    for headers in (
        {},
        bearer("k3"),
        {"Authorization": "Bearer"},
        {"Authorization": "Basic k1"},
        bearer("k1" * 99),
    ):
        for found in (
            chat(url, headers),
            httpx.get(f"{url}/v1/models", headers=headers),
            httpx.post(f"{url}/reasoning", json={"prompt": "Hi"}, headers=headers),
        ):
            assert found.status_code == 401
            assert code(found) in ("invalid_api_key", "missing_api_key")
            assert found.headers["WWW-Authenticate"] == "Bearer"
    for path in ("/livez", "/readyz", "/health", "/metrics", "/openapi.json"):
        assert httpx.get(f"{url}{path}").status_code == 200
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=f"{url}/v1", api_key="no", max_retries=0).models.list()
    described = httpx.get(f"{url}/openapi.json").json()
    assert described["paths"]["/reasoning"]["post"]["security"] == [{"key": []}]


def test_a_key_has_its_requests_a_minute(start, model, tmp_path):
    text = entry("alice", "k1", "requests_per_minute = 2") + entry("bob", "k2")
    url = start(model, keys=keys.read(key_file(tmp_path, text)))
    assert [chat(url, bearer("k1")).status_code for _ in range(3)] == [200, 200, 429]
    refused = chat(url, bearer("k1"))
    assert code(refused) == "requests_per_minute_exceeded"
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    assert chat(url, bearer("k2")).status_code == 200


def test_a_key_has_its_tokens_a_minute(start, model, tmp_path):
    prompt = len(model.encode(HELLO))
    most = 2 * (prompt + 5)
    text = entry("alice", "k1", f"tokens_per_minute = {most}")
    url = start(model, keys=keys.read(key_file(tmp_path, text)))
    assert chat(url, bearer("k1"), min_tokens=5).status_code == 200
    refused = chat(url, bearer("k1"), max_tokens=most)  # more than is left
    assert refused.status_code == 429 and code(refused) == "tokens_per_minute_exceeded"
    assert int(refused.headers["Retry-After"]) >= 1
    assert chat(url, bearer("k1"), min_tokens=5).status_code == 200
    assert chat(url, bearer("k1"), stream=True).status_code == 429


def test_an_allowance_fills_steadily_and_gives_back():
    now = [0.0]
    allowance = keys.Allowance(60, clock=lambda: now[0])
    assert allowance.take(50) == 0
    assert allowance.take(20) == pytest.approx(10)
    now[0] = 10
    assert allowance.take(20) == 0
    allowance.settle(taken=20, used=5)
    assert allowance.left == 15
    now[0] = 1000
    assert allowance.left == 60
    assert allowance.take(1000) == 0  # a minute's worth is taken
    allowance.settle(taken=1000, used=70)
    assert allowance.left == -10


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "holds no"),
        ("nonsense", "cannot be read"),
        ("keys = 3", "holds no"),
        ('[[keys]]\nname = "a"', "no sha256"),
        ('[[keys]]\nname = "a"\nsha256 = "abc"', "no sha256"),
        (entry("", "k"), "no name"),
        (entry("a", "k") + entry("b", "k"), "twice"),
        (entry("a", "k") + entry("a", "k2"), "twice"),
        (entry("a", "k", "requests_per_minute = 0"), "above 0"),
        (entry("a", "k", "tokens_per_minute = true"), "above 0"),
        (entry("a", "k", "colour = 1"), "may hold"),
    ],
)
def test_a_wrong_key_file_is_one_sentence(tmp_path, text, said):
    with pytest.raises(CourseError, match=said):
        keys.read(key_file(tmp_path, text))


def test_a_key_file_that_everybody_may_write_is_refused(tmp_path, capsys):
    file = key_file(tmp_path, entry("a", "k"))
    file.chmod(0o666)
    assert main(["--keys", str(file)]) == 2
    assert "chmod" in capsys.readouterr().err
    assert main(["--keys", str(tmp_path / "none")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_made_key_is_known(tmp_path, capsys):
    assert main(["--make-key", "alice"]) == 0
    said = capsys.readouterr().out
    key = next(line for line in said.splitlines() if line.startswith("slm-"))
    known = keys.read(key_file(tmp_path, said[said.index("[[keys]]") :]))
    assert known.client(f"Bearer {key}").name == "alice"
    assert key not in said[said.index("[[keys]]") :]


# ---------------------------------------------------------------- other websites


def test_other_websites_are_shut_out_unless_named(start, model, server):
    asked = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    for url, open_ in ((server, False), (start(model, origins=["https://example.org"]), True)):
        before = httpx.options(f"{url}/v1/chat/completions", headers=asked)
        after = chat(url, {"Origin": "https://example.org"})
        other = chat(url, {"Origin": "https://example.com"})
        allow = "access-control-allow-origin"
        assert (before.headers.get(allow) == "https://example.org") is open_
        assert (after.headers.get(allow) == "https://example.org") is open_
        assert allow not in other.headers


# ---------------------------------------------------------------- the end


def test_when_it_leaves_it_refuses_and_then_ends_what_runs(artifact):
    model = Slow(artifact.path)
    app = create_app(artifact.path, "pocket", load=lambda: model, limits=Limits(together=1))
    service: Service = app.state.service
    with serving(app) as url, ThreadPoolExecutor(3) as pool:
        assert wait_for(lambda: service.ready)
        streamed = pool.submit(chat, url, stream=True, **LONG)
        assert wait_for(lambda: model.tokens > 0)
        waiting = pool.submit(chat, url)
        assert wait_for(lambda: service.waiting == 1)

        async def leave() -> None:
            service.leave(0.5)
            await asyncio.sleep(1.0)

        # On a loop of its own: the Stop that ends an answer works from any thread.
        left = pool.submit(asyncio.run, leave())
        assert wait_for(lambda: service.leaving)
        refused = chat(url)
        assert refused.status_code == 503 and code(refused) == "shutting_down"
        assert httpx.get(f"{url}/readyz").json() == {"status": "leaving"}
        assert httpx.get(f"{url}/livez").status_code == 200
        events = streamed.result().text.split("\n\n")
        assert "shutting_down" in events[-2] and "[DONE]" not in events[-2]
        assert waiting.result().status_code == 503
        left.result()
    assert not model.busy


@pytest.mark.parametrize("how", ["signal", "pipe"])
def test_a_server_that_is_told_to_stop_ends_its_streams_with_an_error(artifact, how):
    options_ = ("--folder", str(artifact.path), "--exit-with-parent", "--grace", "1")
    options_ += ("--together", "1")
    with engine(*options_) as (process, url, lines), ThreadPoolExecutor(2) as pool:
        endless = {"max_tokens": 4000, "min_tokens": 4000, "stream": True}
        streams = [pool.submit(chat, url, **endless) for _ in range(2)]
        assert wait_for(lambda: figures(url)["running",] == 1)
        if how == "signal":
            process.send_signal(signal.SIGTERM)
        else:
            process.stdin.close()
        found = [stream.result() for stream in streams]
        assert process.wait(15) in (0, -signal.SIGTERM)
        # One was being told, and one was still waiting.
        assert sorted(answer.status_code for answer in found) in ([200, 503], [200, 200])
        assert all("shutting_down" in answer.text for answer in found)
        assert "Traceback" not in "".join(lines)


def test_short_answers_are_finished_within_the_grace(artifact):
    with engine("--folder", str(artifact.path), "--grace", "20") as (process, url, _):
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(chat, url, max_tokens=300, min_tokens=300)
            assert wait_for(lambda: figures(url)["running",] == 1)
            process.send_signal(signal.SIGTERM)
            assert answer.result().status_code == 200
        process.wait(15)


def test_the_log_of_the_command_is_json_without_prompts(artifact):
    with engine("--folder", str(artifact.path)) as (_, url, lines):
        secret = "My number is 5550199"
        assert chat(url, messages=[{"role": "user", "content": secret}]).status_code == 200
        assert wait_for(lambda: any('"message": "request"' in line for line in lines))
        found = [json.loads(line) for line in lines if line.startswith("{")]
        assert len(found) == len(lines) - 1  # all but the line with the address
        assert "5550199" not in "".join(lines)
        request = next(line for line in found if line["message"] == "request")
        assert request["status"] == 200 and request["time"].endswith("Z")


def test_a_silent_client_is_cut_off(artifact):
    with engine("--folder", str(artifact.path), "--patience", "1") as (_, url, _lines):
        host, port = url.removeprefix("http://").split(":")
        start = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Len"
        for sent in (b"", start, start + b"gth: 50\r\n\r\n{"):
            with socket.create_connection((host, int(port)), timeout=20) as connection:
                connection.sendall(sent)
                with contextlib.suppress(ConnectionResetError):
                    assert connection.recv(100) == b""
        assert chat(url).status_code == 200


@pytest.mark.parametrize(
    "wrong", [["--queue", "-1"], ["--deadline", "0"], ["--max-tokens", "0"], ["--grace", "x"]]
)
def test_wrong_options_are_refused(wrong, capsys):
    with pytest.raises(SystemExit):
        options().parse_args(wrong)
    assert wrong[0] in capsys.readouterr().err


# ---------------------------------------------------------------- the answers' surface


def test_stop_strings_end_the_answer_across_tokens(start, artifact):
    model = Spelled(artifact.path)
    model.script = "one two three END four"
    url = start(model)
    for stream in (False, True):
        found = chat(url, stop=["e E", "four"], max_tokens=100, stream=stream)
        if stream:
            chunks = [json.loads(e[6:])["choices"][0] for e in found.text.split("\n\n")[:-2]]
            text = "".join(chunk["delta"].get("content", "") for chunk in chunks)
            reason = chunks[-1]["finish_reason"]
        else:
            choice = found.json()["choices"][0]
            text, reason = choice["message"]["content"], choice["finish_reason"]
        assert (text, reason) == ("one two thre", "stop")
    assert chat(url, stop="zzz", max_tokens=100).json()["choices"][0]["message"]["content"] == (
        model.script
    )
    for wrong in ("", [], ["a"] * 5, [""], 7):
        found = chat(url, stop=wrong)
        assert found.status_code == (200 if wrong == [] else 422), wrong


def test_a_json_object_can_be_asked_for(server):
    found = chat(server, response_format={"type": "json_object"}, max_tokens=40).json()
    assert found["choices"][0]["message"]["content"].startswith("{")


def test_log_probabilities_stand_beside_the_text(server):
    client = openai.OpenAI(base_url=f"{server}/v1", api_key="x", max_retries=0)
    asked = {"model": "pocket", "messages": HELLO, "max_tokens": 12, "temperature": 0}
    whole = client.chat.completions.create(**asked, logprobs=True, top_logprobs=2).choices[0]
    tokens = whole.logprobs.content
    assert bytes(b for token in tokens for b in token.bytes).decode() == whole.message.content
    for token in tokens:
        assert token.logprob <= 0 and len(token.top_logprobs) == 2
        assert token.top_logprobs[0].token == token.token
    parts = list(client.chat.completions.create(**asked, logprobs=True, stream=True))
    streamed = [t for part in parts if (p := part.choices[0].logprobs) for t in p.content]
    assert [t.logprob for t in streamed] == [t.logprob for t in tokens]
    assert all(t.top_logprobs == [] for t in streamed)
    assert client.chat.completions.create(**asked).choices[0].logprobs is None


def test_plain_completions_are_the_models_own(server, model):
    client = openai.OpenAI(base_url=f"{server}/v1", api_key="x", max_retries=0)
    text = "<|user|>Hi<|end|><|assistant|>"
    ids = model.encode([{"role": "user", "content": "Hi"}])
    expected = model.complete([{"role": "user", "content": "Hi"}], max_tokens=10)
    for prompt in (text, [text], ids):
        found = client.completions.create(
            model="pocket", prompt=prompt, max_tokens=10, temperature=0, logprobs=1
        )
        choice = found.choices[0]
        assert choice.text == expected.text
        assert choice.finish_reason == expected.finish_reason
        assert found.usage.prompt_tokens == len(ids)
        assert "".join(choice.logprobs.tokens) == expected.text
        assert choice.logprobs.text_offset[0] == 0
    stream = client.completions.create(
        model="pocket", prompt=text, max_tokens=10, temperature=0, stream=True,
        stream_options={"include_usage": True},
    )  # fmt: skip
    parts = list(stream)
    assert "".join(p.choices[0].text for p in parts if p.choices) == expected.text
    assert parts[-1].usage.completion_tokens == expected.completion_tokens
    few = client.completions.create(model="pocket", prompt="1 2 3", extra_body={"min_tokens": 99})
    assert few.usage.completion_tokens == 16


@pytest.mark.parametrize(
    "change, status, param",
    [
        ({"prompt": ""}, 422, "prompt"),
        ({"prompt": []}, 422, "prompt"),
        ({"prompt": ["a", "b"]}, 422, "prompt[0]"),
        ({"prompt": [10**9]}, 422, "prompt"),
        ({"prompt": [-1]}, 422, "prompt[0]"),
        ({"prompt": "a " * 9000}, 400, "prompt"),
        ({"n": 2}, 422, "n"),
        ({"echo": True}, 400, "echo"),
        ({"best_of": 3}, 400, "best_of"),
        ({"suffix": "x"}, 400, "suffix"),
        ({"logprobs": 6}, 422, "logprobs"),
        ({"frequency_penalty": 0.5}, 400, "frequency_penalty"),
        ({"logit_bias": {"5": 1}}, 400, "logit_bias"),
    ],
)
def test_wrong_completions_get_a_sentence(server, change, status, param):
    body = {"model": "pocket", "prompt": "a", "max_tokens": 3} | change
    found = httpx.post(f"{server}/v1/completions", json=body, timeout=60)
    assert found.status_code == status, found.text
    code(found)
    assert found.json()["error"]["param"] == param


def test_text_that_is_none_gets_a_sentence(server):
    for content in (b'{"model": "pocket", "messages": [{"role": "user", "content": "\\ud800"}]}',
                    b'{"model": "pocket", "madeup": "\\ud800", "messages": []}',
                    b'{"a": ' * 5000):  # fmt: skip
        found = httpx.post(
            f"{server}/v1/chat/completions",
            content=content,
            headers={"Content-Type": "application/json"},
        )
        assert found.status_code in (400, 422), found.text
        code(found)
    assert chat(server).status_code == 200


def test_the_description_names_every_error(server):
    described = httpx.get(f"{server}/openapi.json").json()
    for path in ("/v1/chat/completions", "/v1/completions", "/reasoning"):
        answers = described["paths"][path]["post"]["responses"]
        assert {"200", "400", "401", "413", "422", "429", "500", "503", "504"} <= set(answers)
        for status, answer in answers.items():
            if status != "200":
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Error"}, (path, status)
        assert "Retry-After" in answers["429"]["headers"]
    assert described["components"]["schemas"]["ChatRequest"]["properties"]["model"]["enum"] == [
        "pocket"
    ]
