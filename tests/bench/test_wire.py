"""The client's HTTP on answers of every framing, cut at every place."""

import asyncio
from itertools import pairwise

import pytest

from workbook.bench.wire import Exchange, Far, Wire

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
BODY = b"data: one\r\n\r\ndata: 0\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKED += b"b;note=x\r\ndata: one\r\n\r\nc\r\n\r\ndata: 0\r\n\r\r\n1\r\n\n\r\n0\r\nT: y\r\n\r\n"
LENGTH = HEAD + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
CLOSED = HEAD + b"Connection: close\r\n\r\n" + BODY
EMPTY = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"


class Server:
    """Answers each request with the given pieces; counts connections and requests."""

    def __init__(self, pieces: list[bytes], *, end: bool = False):
        self.pieces, self.end = pieces, end
        self.connections, self.requests = 0, []

    async def answer(self, reader, writer) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.requests.append((head, await reader.readexactly(length)))
                for piece in self.pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.001)
                if self.end:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


async def asked(server: Server, times: int = 1, kind=Wire) -> list[Exchange]:
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    wire = kind(f"http://127.0.0.1:{port}/v1/chat", {"Authorization": "Bearer k"})
    found = [Exchange() for _ in range(times)]
    try:
        for exchange in found:
            await asyncio.wait_for(wire.post(b"{}", exchange), 20)
            await asyncio.sleep(0.1 if server.end and times > 1 else 0)
    finally:
        await wire.close()
        listening.close()
    return found


def body(exchange: Exchange) -> bytes:
    return b"".join(piece for _, piece in exchange.pieces)


@pytest.mark.parametrize("answer", [CHUNKED, LENGTH], ids=["chunked", "length"])
def test_an_answer_is_the_same_wherever_the_network_cuts_it(answer):
    for cut in range(1, len(answer), 3):
        server = Server([answer[:cut], answer[cut:]])
        (found,) = asyncio.run(asked(server))
        expected = b"data: one\r\n" + b"\r\ndata: 0\r\n\r" + b"\n" if answer is CHUNKED else BODY
        assert (found.status, body(found)) == (200, expected)
        assert all(a[0] <= b[0] for a, b in pairwise(found.pieces))


def test_a_body_can_end_with_the_connection():
    (found,) = asyncio.run(asked(Server([CLOSED], end=True)))
    assert (found.status, body(found)) == (200, BODY)


def test_an_empty_answer_has_a_status():
    (found,) = asyncio.run(asked(Server([EMPTY])))
    assert (found.status, found.pieces) == (204, [])


@pytest.mark.parametrize("kind", [Wire, Far])
def test_a_connection_is_used_again(kind):
    server = Server([CHUNKED])
    found = asyncio.run(asked(server, 3, kind))
    assert [x.status for x in found] == [200] * 3 and server.connections == 1
    head, sent = server.requests[0]
    assert sent == b"{}" and b"bearer k" in head.lower() and head.startswith(b"POST /v1/chat HTTP")


def test_a_connection_that_the_server_closed_is_not():
    server = Server([LENGTH], end=True)
    found = asyncio.run(asked(server, 2))
    assert [x.status for x in found] == [200, 200] and server.connections == 2


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (CHUNKED[:-7], "before the end of its answer"),
        (LENGTH[:-1], "before the end of its answer"),
        (b"", "before the end of its answer"),
        (b"hello\r\n\r\n", "not HTTP"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "not HTTP"),
    ],
)
def test_an_answer_that_is_not_whole_is_an_error(answer, problem):
    with pytest.raises(OSError, match=problem):
        asyncio.run(asked(Server([answer], end=True)))
