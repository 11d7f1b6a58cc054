"""What a runtime can do with calls is found out by asking it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from workbook import runtimes
from workbook.evaluate import abilities, banks
from workbook.runtimes import Runtime


@pytest.fixture(scope="module")
def engine(artifact):
    with runtimes.start("engine", place="embedded") as rt:
        yield rt


def test_the_engine_shows_forces_and_streams(engine):
    found = abilities.probe(engine)
    assert found.shown
    assert found.asked == len(banks.load("tools", families=("no_call",)))
    assert found.forced == {"required": found.asked, "json_schema": found.asked}
    assert found.streamed in (True, None)  # None: the model made no call


class Poor(BaseHTTPRequestHandler):
    """A server that drops tools, ignores `required`, refuses schemas and loses calls in streams."""

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "response_format" in asked:
            return self.say(400, json.dumps({"error": {"message": "no schemas here"}}))
        if asked.get("stream"):
            chunk = {
                "id": "x",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": "m",
                "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}],
            }
            return self.say(200, f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n", "event-stream")
        call = {
            "id": "1",
            "type": "function",
            "function": {"name": "get_weather", "arguments": '{"city": "Nairobi"}'},
        }
        calls = [call] if "weather" in asked["messages"][-1]["content"] else []
        message = {"role": "assistant", "content": "Hm.", "tool_calls": calls}
        body = {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
        }
        return self.say(200, json.dumps(body))

    def say(self, status: int, body: str, kind: str = "json") -> None:
        self.send_response(status)
        self.send_header("content-type", f"{'text' if kind != 'json' else 'application'}/{kind}")
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())


def test_what_a_server_does_not_do_is_seen():
    with ThreadingHTTPServer(("127.0.0.1", 0), Poor) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        rt = Runtime("engine", url, "m", "Poor", "1", "attached")
        found = abilities.probe(rt)
        rt.stop()
        server.shutdown()
        thread.join()
    assert not found.shown
    assert found.forced == {"required": 0, "json_schema": None}
    assert found.streamed is False
    [row] = abilities.table([found]).rows
    assert row["tools reach the model"] == "no"
    assert row["required: valid calls"] == f"0 of {found.asked}"
    assert row["json_schema: valid calls"] == "refused"
    assert row["calls in a stream"] == "no"


def test_foundry_refuses_to_force(artifact):
    kind = runtimes.places.kind_of("foundry")
    if reason := kind.missing():
        pytest.skip(reason)
    with runtimes.start("foundry", place="embedded") as rt:
        found = abilities.probe(rt, banks.load("tools", families=("no_call",), limit=1))
    assert found.forced == {"required": None, "json_schema": None}
