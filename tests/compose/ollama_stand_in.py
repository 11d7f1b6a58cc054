#!/usr/bin/python3
"""Stands in for the program `ollama` where compose/ollama is tested without its image.

It serves, and keeps the names of models as empty files under $HOME/.ollama; it holds no model and
answers no question. The commands list, pull, cp and create ask a server, as the real ones do.
"""

import json
import os
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

MODELS = Path(os.environ["HOME"]) / ".ollama" / "models"
HOST, _, PORT = os.environ["OLLAMA_HOST"].partition(":")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        names = sorted(unquote(file.name) for file in MODELS.iterdir())
        answers = {
            "/": b"Ollama is running",
            "/api/version": b'{"version": "0.0.0-stand-in"}',
            "/api/tags": json.dumps({"models": [{"name": name} for name in names]}).encode(),
        }
        self.answer(200 if self.path in answers else 404, answers.get(self.path, b""))

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked.get("from") and not (MODELS / quote(asked["from"], safe="")).exists():
            return self.answer(404, b"model not found")
        (MODELS / quote(asked["model"], safe="")).touch()
        self.answer(200, b"{}")

    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)


def ask(path, body=None):
    address = f"http://{HOST.replace('0.0.0.0', '127.0.0.1')}:{PORT}{path}"
    data = None if body is None else json.dumps(body).encode()
    return json.load(urllib.request.urlopen(urllib.request.Request(address, data), timeout=9))


def main(command, *arguments):
    if command == "serve":
        MODELS.mkdir(parents=True, exist_ok=True)
        ThreadingHTTPServer((HOST, int(PORT)), Handler).serve_forever()
    elif command == "list":
        print(*(model["name"] for model in ask("/api/tags")["models"]), sep="\n")
    elif command == "pull":
        ask("/api/pull", {"model": arguments[0]})
    elif command == "cp":
        ask("/api/create", {"model": arguments[1], "from": arguments[0]})
    elif command == "create":
        lines = Path(arguments[2]).read_text(encoding="utf-8").splitlines()
        (base,) = [line.split()[1] for line in lines if line.startswith("FROM ")]
        ask("/api/create", {"model": arguments[0], "from": base})
    else:
        sys.exit(f"the stand-in has no command {command}")


main(*sys.argv[1:])
