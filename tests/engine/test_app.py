"""The engine over HTTP, asked as clients ask it."""

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import httpx
import openai
import pytest
from engine_doubles import Broken, Scripted, Slow, ready, wait_for

from workbook.course.demos import serving
from workbook.engine import LocalModel
from workbook.engine.app import create_app
from workbook.engine.schemas import TASKS
from workbook.engine.service import Limits
from workbook.errors import CourseError

HELLO = [{"role": "user", "content": "A train travels 240 km in 3 hours."}]
TOOLS = [{"type": "function", "function": {"name": "area", "parameters": {"type": "object"}}}]
CALL = '{"name": "area", "arguments": {"radius": 5}}'


def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


def chat(url: str, **fields) -> httpx.Response:
    body = {"model": "pocket", "messages": HELLO, "max_tokens": 30, "temperature": 0} | fields
    return httpx.post(f"{url}/v1/chat/completions", json=body, timeout=60)


def answer(url: str, **fields) -> dict:
    response = chat(url, **fields)
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]


def events(url: str, **fields) -> list[str]:
    response = chat(url, stream=True, **fields)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in response.text.split("\n\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    return [line.removeprefix("data: ") for line in lines]


def error(response: httpx.Response) -> dict:
    """The error object, after a look at its form: one sentence, no traceback."""
    found = response.json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    assert found["message"].endswith(".") and "\n" not in found["message"]
    assert "Traceback" not in found["message"]
    kind = "server_error" if response.status_code >= 500 else "invalid_request_error"
    assert found["type"] == kind
    return found


# ---------------------------------------------------------------- what is served


def test_the_front_page_says_what_this_is(server):
    page = httpx.get(server).json()
    assert page["status"] == "ok" and "pocket" in page["what"]
    assert {"POST /reasoning", "POST /v1/chat/completions", "GET /health"} <= set(page["endpoints"])
    paths = httpx.get(f"{server}/openapi.json").json()["paths"]
    for endpoint in page["endpoints"]:
        path = endpoint.split()[1]
        assert path in paths or path == "/docs"


def test_health_names_model_artifact_and_version(server, model):
    health = httpx.get(f"{server}/health").json()
    assert health["status"] == "ok"
    assert (health["model"], health["artifact"]) == ("pocket", "onnx-int4")
    assert (health["version"], health["context"]) == (model.version, 4096)


def test_models_lists_the_model(server):
    assert [card.id for card in client(server).models.list()] == ["pocket"]


# ---------------------------------------------------------------- /reasoning


@pytest.mark.parametrize("task", TASKS)
def test_reasoning_answers_with_the_task_as_system_message(server, model, task):
    body = {"prompt": "What is 2 + 2?", "task_type": task, "max_length": 25, "temperature": 0}
    found = httpx.post(f"{server}/reasoning", json=body, timeout=60).json()
    expected = model.complete(
        [{"role": "system", "content": TASKS[task]}, {"role": "user", "content": body["prompt"]}],
        max_tokens=25,
    )
    assert found.pop("inference_time") > 0
    assert found == {
        "generated_text": expected.text,
        "task_type": task,
        "model": "pocket",
        "prompt_tokens": expected.prompt_tokens,
        "completion_tokens": expected.completion_tokens,
        "finish_reason": expected.finish_reason,
    }


def test_reasoning_has_the_tutorials_defaults(server):
    found = httpx.post(f"{server}/reasoning", json={"prompt": "Hi"}, timeout=60).json()
    assert found["task_type"] == "reasoning"
    assert found["completion_tokens"] <= 200


# ---------------------------------------------------------------- chat


def test_chat_is_what_the_model_answers(server, model):
    expected = model.complete(HELLO, max_tokens=30)
    found = client(server).chat.completions.create(
        model="pocket", messages=HELLO, max_tokens=30, temperature=0
    )
    assert found.choices[0].message.content == expected.text
    assert found.choices[0].finish_reason == expected.finish_reason
    assert found.usage.prompt_tokens == expected.prompt_tokens
    assert found.usage.completion_tokens == expected.completion_tokens
    assert found.usage.total_tokens == expected.prompt_tokens + expected.completion_tokens
    assert (found.object, found.model) == ("chat.completion", "pocket")


@pytest.mark.parametrize(
    "fields",
    [
        {"max_completion_tokens": 4, "max_tokens": 9},
        {"max_completion_tokens": 4, "max_tokens": None},
        {"max_tokens": 4},
    ],
)
def test_both_names_of_max_tokens_work(server, fields):
    assert chat(server, min_tokens=4, **fields).json()["usage"]["completion_tokens"] == 4


def test_seed_temperature_and_top_p_reach_the_model(server, model):
    fields = {"temperature": 1.7, "top_p": 0.9, "seed": 5, "min_tokens": 30}
    expected = model.complete(HELLO, max_tokens=30, **fields)
    assert answer(server, **fields)["message"]["content"] == expected.text
    assert answer(server, **fields | {"temperature": None})["message"]["content"] == (
        model.complete(HELLO, max_tokens=30, **fields | {"temperature": 1.0}).text
    )


def test_text_parts_are_one_text(server):
    parts = [{"type": "text", "text": "A train travels "}, {"type": "text", "text": "240 km."}]
    whole = [{"role": "user", "content": "A train travels 240 km."}]
    assert answer(server, messages=[{"role": "user", "content": parts}]) == answer(
        server, messages=whole
    )


def test_a_whole_conversation_with_tools_is_read(server, model):
    call = {"id": "c1", "type": "function", "function": {"name": "area", "arguments": "{}"}}
    messages = [
        {"role": "system", "content": "Be brief."},
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "78.54"},
    ]
    found = chat(server, messages=messages, tools=TOOLS)
    assert found.status_code == 200, found.text
    prompt = model._tokenizer.decode(
        model.encode([{**m, "content": m["content"] or ""} for m in messages], TOOLS),
        skip_special_tokens=False,
    )
    assert '<|tool_call|>[{"name": "area", "arguments": {}}]<|/tool_call|>' in prompt
    assert "<|tool_response|>78.54<|end|>" in prompt


def test_unknown_fields_are_ignored(server):
    assert answer(server, user="me", frequency_penalty=0, n=1, logit_bias={}, madeup=[1]) == (
        answer(server)
    )


# ---------------------------------------------------------------- streaming


@pytest.mark.parametrize("content", ["Hello", "日本語で 😀 é", "x" * 2000])
def test_the_streamed_answer_is_the_whole_one(server, content):
    messages = [{"role": "user", "content": content}]
    whole = answer(server, messages=messages, max_tokens=120, min_tokens=120)
    stream = client(server).chat.completions.create(
        model="pocket", messages=messages, max_tokens=120, temperature=0, stream=True,
        extra_body={"min_tokens": 120},
    )  # fmt: skip
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == whole["message"]["content"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [c.choices[0].finish_reason for c in chunks if c.choices[0].finish_reason] == [
        whole["finish_reason"]
    ]
    assert len(chunks) > 10
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_stream_ends_with_done_and_usage_only_when_asked(server):
    plain = events(server)
    assert plain[-1] == "[DONE]"
    assert all("usage" not in json.loads(event) for event in plain[:-1])
    usage = events(server, stream_options={"include_usage": True})
    assert usage[-1] == "[DONE]"
    last = json.loads(usage[-2])
    assert last["choices"] == []
    assert last["usage"] == chat(server).json()["usage"]
    assert all(json.loads(event)["usage"] is None for event in usage[:-2])


def test_the_first_piece_comes_before_the_last_is_made(serve, artifact):
    url = serve(Slow(artifact.path))
    started = time.monotonic()
    stream = client(url).chat.completions.create(
        model="pocket", messages=HELLO, max_tokens=600, stream=True, temperature=0,
        extra_body={"min_tokens": 600},
    )  # fmt: skip
    next(iter(stream))
    first = time.monotonic() - started
    for _ in stream:
        pass
    assert first < (time.monotonic() - started) / 2


# ---------------------------------------------------------------- tool calls


def test_tool_calls_come_back_parsed(serve, artifact):
    model = Scripted(artifact.path)
    model.script = f"Let me see.<|tool_call|>[{CALL}, {CALL}]<|/tool_call|><|end|>"
    url = serve(model)
    found = answer(url, tools=TOOLS, tool_choice="auto", max_tokens=100)
    assert found["finish_reason"] == "tool_calls"
    assert found["message"]["content"] == "Let me see."
    calls = found["message"]["tool_calls"]
    assert [call["function"] for call in calls] == 2 * [
        {"name": "area", "arguments": '{"radius": 5}'}
    ]
    assert len({call["id"] for call in calls}) == 2

    chunks = [json.loads(event) for event in events(url, tools=TOOLS, max_tokens=100)[:-1]]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    streamed = [call for delta in deltas for call in delta.get("tool_calls", [])]
    assert [call["index"] for call in streamed] == [0, 1]
    assert [call["function"] for call in streamed] == [call["function"] for call in calls]
    assert "".join(delta.get("content", "") for delta in deltas) == "Let me see."
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_call_without_words_has_no_content(serve, artifact):
    model = Scripted(artifact.path)
    model.script = f"<|tool_call|>[{CALL}]<|/tool_call|><|end|>"
    assert answer(serve(model), tools=TOOLS, max_tokens=100)["message"]["content"] is None


def test_a_malformed_call_is_text(serve, artifact):
    model = Scripted(artifact.path)
    model.script = "<|tool_call|>[{oops<|end|>"
    url = serve(model)
    found = answer(url, tools=TOOLS, max_tokens=100)
    assert found["message"] == {"role": "assistant", "content": "[{oops"}
    assert found["finish_reason"] == "stop"
    streamed = [json.loads(event)["choices"][0] for event in events(url, tools=TOOLS)[:-1]]
    assert "".join(choice["delta"].get("content", "") for choice in streamed) == "[{oops"


def test_tool_choice_none_hides_the_tools(serve, artifact):
    model = Scripted(artifact.path)
    model.script = f"<|tool_call|>[{CALL}]<|/tool_call|><|end|>"
    url = serve(model)
    found = answer(url, tools=TOOLS, tool_choice="none", max_tokens=100)
    assert found["message"]["content"] == f"[{CALL}]"
    assert model.seen == model.encode(HELLO)
    answer(url, tools=TOOLS, max_tokens=100)
    assert model.seen == model.encode(HELLO, TOOLS)


# ---------------------------------------------------------------- requests that are wrong


def message(**fields) -> dict:
    return {"messages": [fields]}


CHAT_ERRORS = [
    ({"model": None}, "model"),
    ({"model": ""}, "model"),
    ({"messages": None}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": "hello"}, "messages"),
    (message(role="robot", content="a"), "messages[0].role"),
    (message(content="a"), "messages[0].role"),
    (message(role="user"), "messages[0]"),
    (message(role="tool"), "messages[0]"),
    (message(role="assistant"), "messages[0]"),
    (message(role="assistant", tool_calls=[]), "messages[0]"),
    (message(role="user", tool_calls=[{"function": {"name": "f", "arguments": ""}}]),
     "messages[0]"),
    (message(role="user", content=7), "messages[0].content"),
    (message(role="user", content=[{"type": "image_url", "image_url": {"url": "u"}}]),
     "messages[0].content[0].type"),
    (message(role="user", content=[{"type": "text"}]), "messages[0].content[0].text"),
    (message(role="assistant", tool_calls=[{"id": "x"}]), "messages[0].tool_calls[0].function"),
    (message(role="assistant", tool_calls=[{"function": {"name": "f"}}]),
     "messages[0].tool_calls[0].function.arguments"),
    (message(role="assistant", tool_calls=[{"function": {"arguments": ""}}]),
     "messages[0].tool_calls[0].function.name"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"max_tokens": -3}, "max_tokens"),
    ({"max_tokens": 1.5}, "max_tokens"),
    ({"max_completion_tokens": 0}, "max_completion_tokens"),
    ({"min_tokens": -1}, "min_tokens"),
    ({"temperature": -0.1}, "temperature"),
    ({"temperature": 2.1}, "temperature"),
    ({"temperature": "hot"}, "temperature"),
    ({"top_p": 0}, "top_p"),
    ({"top_p": 1.1}, "top_p"),
    ({"top_p": -1}, "top_p"),
    ({"n": 2}, "n"),
    ({"n": 0}, "n"),
    ({"seed": "x"}, "seed"),
    ({"stream": "perhaps"}, "stream"),
    ({"stream_options": {"include_usage": "perhaps"}}, "stream_options.include_usage"),
    ({"tools": [{"type": "function"}]}, "tools[0].function"),
    ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0].function.name"),
    ({"tools": [{"type": "retrieval", "function": {"name": "f"}}]}, "tools[0].type"),
    ({"tools": [{"function": {"name": "f", "parameters": 3}}]}, "tools[0].function.parameters"),
    ({"tools": [{"function": {"name": "f", "description": 3}}]}, "tools[0].function.description"),
]  # fmt: skip


@pytest.mark.parametrize("change, param", CHAT_ERRORS)
def test_wrong_chat_requests_get_422_and_a_sentence(server, change, param):
    body = {"model": "pocket", "messages": HELLO, "max_tokens": 5} | change
    body = {key: value for key, value in body.items() if value is not None}
    response = httpx.post(f"{server}/v1/chat/completions", json=body)
    assert response.status_code == 422, response.text
    found = error(response)
    assert (found["param"], found["code"]) == (param, "invalid_value")
    assert param in found["message"]


REASONING_ERRORS = [
    ({"prompt": None}, "prompt"),
    ({"prompt": ""}, "prompt"),
    ({"prompt": " \n\t"}, "prompt"),
    ({"prompt": ["a"]}, "prompt"),
    ({"task_type": "poetry"}, "task_type"),
    ({"max_length": 0}, "max_length"),
    ({"max_length": 4097}, "max_length"),
    ({"temperature": -1}, "temperature"),
    ({"temperature": 3}, "temperature"),
]


@pytest.mark.parametrize("change, param", REASONING_ERRORS)
def test_wrong_reasoning_requests_get_422_and_a_sentence(server, change, param):
    body = {"prompt": "Hi", "max_length": 5} | change
    body = {key: value for key, value in body.items() if value is not None}
    response = httpx.post(f"{server}/reasoning", json=body)
    assert response.status_code == 422, response.text
    found = error(response)
    assert (found["param"], found["code"]) == (param, "invalid_value")
    assert param in found["message"]


def test_the_longest_answer_may_be_asked_for(server):
    body = {"prompt": "Hi", "max_length": 4096, "temperature": 0}
    response = httpx.post(f"{server}/reasoning", json=body, timeout=60)
    assert response.status_code == 200
    assert response.json()["prompt_tokens"] + response.json()["completion_tokens"] <= 4096


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ["temperature", "top_p"])
def test_numbers_that_are_none_are_refused(server, value, field):
    chat_body = '{"model": "pocket", "messages": [{"role": "user", "content": "a"}], "%s": %s}'
    bodies = {"/v1/chat/completions": chat_body % (field, value)}
    if field == "temperature":
        bodies["/reasoning"] = f'{{"prompt": "a", "temperature": {value}}}'
    for path, body in bodies.items():
        headers = {"Content-Type": "application/json"}
        response = httpx.post(f"{server}{path}", content=body, headers=headers)
        assert response.status_code == 422, response.text
        assert error(response)["param"] == field


@pytest.mark.parametrize(
    "body, kind, status",
    [
        (b'{"prompt": ', "application/json", 422),
        (b"", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'"prompt"', "application/json", 422),
        (b'{"prompt": "a"}', "text/plain", 422),
        (b"\xff\xfe{", "application/json", 400),
    ],
)
def test_bodies_that_are_no_json_objects_get_a_sentence(server, body, kind, status):
    headers = {"Content-Type": kind}
    response = httpx.post(f"{server}/reasoning", content=body, headers=headers)
    assert response.status_code == status, response.text
    assert "JSON" in error(response)["message"]


@pytest.mark.parametrize(
    "choice", [{"type": "function"}, {"type": "function", "function": {"name": "f"}}, 7, ["auto"]]
)
def test_a_tool_choice_that_cannot_be_is_refused(server, choice):
    response = chat(server, tools=TOOLS, tool_choice=choice)
    assert response.status_code == 400
    assert error(response)["param"] == "tool_choice"


def test_a_call_cannot_be_forced_without_tools(server):
    response = chat(server, tool_choice="required")
    assert response.status_code == 400
    assert "with that function in tools" in error(response)["message"]


RADIUS = {
    "name": "area",
    "parameters": {
        "type": "object",
        "properties": {"radius": {"type": "integer", "minimum": 1, "maximum": 9}},
        "required": ["radius"],
    },
}
OTHER = {"name": "other", "parameters": {"type": "object", "properties": {}}}


@pytest.mark.parametrize(
    "choice, names",
    [
        ("required", {"area", "other"}),
        ({"type": "function", "function": {"name": "area"}}, {"area"}),
        ({"type": "function", "function": {"name": "other"}}, {"other"}),
    ],
    ids=["required", "area", "other"],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_a_forced_call_fits_its_schema(server, choice, names, streamed):
    tools = [{"type": "function", "function": function} for function in (RADIUS, OTHER)]
    request = {"model": "pocket", "messages": HELLO, "tools": tools, "tool_choice": choice}
    made = client(server).chat.completions.create(**request, temperature=0, stream=streamed)
    if streamed:
        deltas = [chunk.choices[0].delta for chunk in made if chunk.choices]
        calls = [call for delta in deltas for call in delta.tool_calls or []]
    else:
        assert made.choices[0].finish_reason == "tool_calls"
        calls = made.choices[0].message.tool_calls
    assert calls
    for call in calls:
        arguments = json.loads(call.function.arguments)
        assert call.function.name in names
        assert set(arguments) == ({"radius"} if call.function.name == "area" else set())
        assert 1 <= arguments.get("radius", 1) <= 9


def test_an_answer_can_be_held_to_a_schema(server):
    schema = {
        "type": "object",
        "properties": {"verdict": {"enum": ["yes", "no"]}, "sure": {"type": "boolean"}},
        "required": ["verdict", "sure"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema}}
    found = json.loads(answer(server, response_format=form, max_tokens=60)["message"]["content"])
    assert found["verdict"] in ("yes", "no")
    assert isinstance(found["sure"], bool)
    free = answer(server, response_format={"type": "text"})
    assert free["message"] == answer(server)["message"]


@pytest.mark.parametrize(
    "form, status",
    [
        ({"type": "json_schema"}, 422),
        ({"type": "xml"}, 422),
        ({"type": "json_schema", "json_schema": {"name": "x"}}, 422),
        ({"type": "json_schema", "json_schema": {"schema": {"type": "nonsense"}}}, 400),
    ],
)
def test_a_form_that_cannot_be_kept_to_is_refused(server, form, status):
    response = chat(server, response_format=form)
    assert response.status_code == status, response.text
    assert error(response)["param"].startswith("response_format")
    assert chat(server).status_code == 200


def test_a_form_and_a_forced_call_do_not_go_together(server):
    form = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
    response = chat(server, tools=TOOLS, tool_choice="required", response_format=form)
    assert response.status_code == 400


@pytest.mark.parametrize("choice", ["auto", "none", None])
def test_other_tool_choices_are_taken(server, choice):
    assert chat(server, tools=TOOLS, tool_choice=choice).status_code == 200


def test_an_unknown_model_gets_404_and_the_known_one(server):
    response = chat(server, model="phi9")
    assert response.status_code == 404
    found = error(response)
    assert "'phi9'" in found["message"] and "'pocket'" in found["message"]
    assert found["code"] == "model_not_found"
    with pytest.raises(openai.NotFoundError):
        client(server).chat.completions.create(model="phi9", messages=HELLO)


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_is_too_long_gets_400_and_both_lengths(server, model, stream):
    messages = [{"role": "user", "content": "train " * 5000}]
    response = chat(server, messages=messages, stream=stream)
    assert response.status_code == 400
    found = error(response)
    assert found["code"] == "context_length_exceeded" and found["param"] == "messages"
    assert f"{len(model.encode(messages))} tokens" in found["message"]
    assert "4096" in found["message"]


def test_a_reasoning_prompt_that_is_too_long_gets_400(server):
    response = httpx.post(f"{server}/reasoning", json={"prompt": "train " * 5000})
    assert response.status_code == 400
    assert error(response)["param"] == "prompt"


def test_addresses_that_do_not_exist_get_a_sentence(server):
    missing = httpx.get(f"{server}/nothing")
    assert missing.status_code == 404 and "/nothing" in error(missing)["message"]
    wrong = httpx.get(f"{server}/reasoning")
    assert wrong.status_code == 405 and "GET /reasoning" in error(wrong)["message"]


def test_long_values_are_not_sent_back_whole(server):
    response = chat(server, messages=[{"role": "x" * 5000, "content": "a"}])
    assert len(response.text) < 600


# ---------------------------------------------------------------- loading and failing


def test_503_until_the_model_is_loaded(model, artifact):
    gate = threading.Event()

    def load() -> LocalModel:
        gate.wait()
        return model

    with serving(create_app(artifact.path, "pocket", load=load)) as url:
        health = httpx.get(f"{url}/health")
        assert (health.status_code, health.json()) == (503, {"status": "loading"})
        for response in (chat(url), httpx.post(f"{url}/reasoning", json={"prompt": "Hi"})):
            assert response.status_code == 503
            assert "loading" in error(response)["message"]
        assert httpx.get(url).json()["status"] == "loading"
        gate.set()
        assert wait_for(lambda: ready(url))
        assert chat(url).status_code == 200


def test_503_with_the_reason_when_loading_failed(tmp_path, caplog):
    with serving(create_app(tmp_path, "pocket")) as url:
        assert wait_for(lambda: httpx.get(f"{url}/health").json()["status"] == "failed")
        health = httpx.get(f"{url}/health")
        assert health.status_code == 503
        assert "genai_config.json" in health.json()["reason"]
        response = chat(url)
        assert response.status_code == 503
        assert "genai_config.json" in error(response)["message"]
    assert "could not be loaded" in caplog.text


def test_an_error_without_words_is_a_reason_too(tmp_path):
    def load() -> LocalModel:
        raise CourseError

    with serving(create_app(tmp_path, "pocket", load=load)) as url:
        assert wait_for(lambda: httpx.get(f"{url}/health").json()["status"] == "failed")
        assert httpx.get(f"{url}/health").json()["reason"] == "CourseError"


def test_an_internal_error_is_500_never_200(serve, artifact, caplog):
    url = serve(Broken(artifact.path))
    for response in (
        chat(url, min_tokens=9),
        httpx.post(f"{url}/reasoning", json={"prompt": "Hi", "temperature": 0}),
    ):
        if response.status_code != 200:  # /reasoning may have ended before the third token
            assert response.status_code == 500
            assert "out of luck" not in error(response)["message"]
    assert chat(url, min_tokens=9).status_code == 500
    assert "out of luck" in caplog.text and "Traceback" in caplog.text
    assert httpx.get(f"{url}/health").status_code == 200


def test_an_error_in_a_stream_is_an_event(serve, artifact, caplog):
    url = serve(Broken(artifact.path))
    found = events(url, min_tokens=9)
    assert "error" in json.loads(found[-1]) and "[DONE]" not in found
    assert "out of luck" in caplog.text
    with pytest.raises(openai.APIError, match="see its log"):
        list(client(url).chat.completions.create(
            model="pocket", messages=HELLO, stream=True, extra_body={"min_tokens": 9}
        ))  # fmt: skip


def test_prompts_are_not_logged(server, caplog):
    caplog.set_level(logging.INFO)
    secret = "My number is 5550199"
    for content in (secret, secret * 3000):
        chat(server, messages=[{"role": "user", "content": content}])
    chat(server, messages=[{"role": secret, "content": secret}])
    httpx.post(f"{server}/reasoning", json={"prompt": secret, "temperature": -1})
    engine_log = [r for r in caplog.records if not r.name.startswith(("httpx", "openai"))]
    assert engine_log
    assert "5550199" not in "\n".join(record.getMessage() for record in engine_log)


# ---------------------------------------------------------------- many clients at once


def test_concurrent_answers_are_the_sequential_ones(server):
    def ask(number: int) -> str:
        content = f"Question {number}: 日本 {number * 7}?"
        messages = [{"role": "user", "content": content}]
        if number % 2:
            found = events(server, messages=messages, max_tokens=50)[:-1]
            deltas = [json.loads(event)["choices"][0]["delta"] for event in found]
            return "".join(delta.get("content", "") for delta in deltas)
        return answer(server, messages=messages, max_tokens=50)["message"]["content"]

    alone = [ask(number) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == alone
    assert len(set(alone)) > 1


def test_health_answers_while_a_generation_runs(serve, artifact):
    model = Slow(artifact.path)
    url = serve(model, limits=Limits(together=1))
    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(chat, url, max_tokens=1000, min_tokens=1000)
        assert wait_for(lambda: model.tokens > 0)
        waiting = pool.submit(chat, url, max_tokens=3)
        before = model.tokens
        started = time.monotonic()
        assert httpx.get(f"{url}/health").status_code == 200
        assert time.monotonic() - started < 1
        assert model.tokens - before < 500
        assert model.busy and not long.done() and not waiting.done()
        assert waiting.result().status_code == long.result().status_code == 200


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_stops_its_generation(serve, artifact, stream):
    model = Slow(artifact.path)
    url = serve(model)
    body = {"model": "pocket", "messages": HELLO, "max_tokens": 4000, "min_tokens": 4000}
    address = f"{url}/v1/chat/completions"
    if stream:
        with httpx.stream("POST", address, json=body | {"stream": True}) as response:
            lines = response.iter_lines()
            assert sum(line.startswith("data:") for line in islice(lines, 9)) == 5
    else:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(address, json=body, timeout=0.5)
    assert wait_for(lambda: model.tokens > 0 and not model.busy, 5)
    assert model.tokens < 3000
    assert chat(url, max_tokens=3).status_code == 200


def test_a_reasoning_client_that_goes_away_stops_its_generation(serve, artifact):
    model = Slow(artifact.path)
    model.end_ids = frozenset()
    url = serve(model)
    with pytest.raises(httpx.ReadTimeout):
        body = {"prompt": "Hi", "max_length": 4096, "temperature": 2}
        httpx.post(f"{url}/reasoning", json=body, timeout=0.5)
    assert wait_for(lambda: not model.busy, 5)
    assert model.tokens < 3000


def test_a_waiting_client_that_goes_away_is_never_served(serve, artifact):
    model = Slow(artifact.path)
    url = serve(model, limits=Limits(together=1))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(chat, url, max_tokens=700, min_tokens=700)
        assert wait_for(lambda: model.busy)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{url}/v1/chat/completions",
                json={"model": "pocket", "messages": HELLO, "max_tokens": 50},
                timeout=0.3,
            )
        assert first.result().status_code == 200
    time.sleep(0.3)
    assert model.streams == 1
