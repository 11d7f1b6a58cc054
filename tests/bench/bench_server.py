"""A small real HTTP server with OpenAI's chat endpoint, which behaves as the path says."""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from workbook.bench.load import Target


def chunk(text: str = "", finish: str | None = None, **more) -> dict:
    delta = {"content": text} if text else {"role": "assistant", "content": ""}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]} | more


def usage(prompt: int, completion: int) -> dict:
    return {"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion}}


def event(data: dict | str) -> bytes:
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


ROLE, END = event(chunk()), event(chunk(finish="length"))
TEXTS = [event(chunk(text)) for text in ("one", " two", " three four")]
USAGE, DONE = event(usage(7, 4)), event("[DONE]")
WHOLE = [ROLE, *TEXTS, END, USAGE, DONE]


class Server(ThreadingHTTPServer):
    """Counts its requests; `together` requests wait for each other on the path /together."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.bodies: list[dict] = []
        self.now = self.most = 0
        self.together = 1
        self.release = threading.Event()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):  # clients that hang up are the point
            super().handle_error(request, client_address)

    def target(self, behaviour: str, **fields) -> Target:
        url = f"http://127.0.0.1:{self.server_port}/{behaviour}/v1"
        return Target(behaviour, url, "tiny", fields=fields)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.bodies.append(body)
            number = len(self.server.bodies)
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
        try:
            behaviour = self.path.split("/")[1]
            getattr(self, behaviour)(number)
        finally:
            with self.server.lock:
                self.server.now -= 1

    def stream(self, events: list[bytes], *, cut: bool = False) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for data in events:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        if cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def plain(self, status: int, body: dict, **headers: str) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def whole(self, _):
        self.stream(WHOLE)

    def bundled(self, _):
        self.stream([b"".join(WHOLE)])

    def uncounted(self, _):
        self.stream([ROLE, *TEXTS, END, DONE])

    def cut(self, _):
        self.stream([ROLE, TEXTS[0]], cut=True)

    def short(self, _):
        self.stream([ROLE, TEXTS[0]])

    def failing(self, _):
        self.stream([ROLE, TEXTS[0], event({"error": {"message": "out of memory"}})])

    def full(self, _):
        self.plain(429, {"error": {"message": "queue is full"}}, **{"Retry-After": "1"})

    def loading(self, _):
        self.plain(503, {"error": {"message": "loading"}})

    def broken(self, _):
        self.plain(500, {"error": {"message": "a bug"}})

    def mixed(self, number):
        [self.whole, self.full, self.broken, self.cut][(number - 1) % 4](number)

    def slow(self, _):
        self.server.release.wait(30)
        self.stream(WHOLE)

    def together(self, _):
        """Answers nobody before so many have asked."""
        deadline = time.monotonic() + 30
        while self.server.most < self.server.together and time.monotonic() < deadline:
            time.sleep(0.01)
        self.stream(WHOLE)
