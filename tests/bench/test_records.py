"""Streams read to records: pieces as they come from a network, and what can be wrong with them."""

import json

import pytest
from bench_server import DONE, END, ROLE, TEXTS, USAGE, WHOLE, chunk, event

from workbook.bench import records
from workbook.bench.records import Record


def timed(*pieces: bytes) -> list[tuple[float, bytes]]:
    return [(float(number), piece) for number, piece in enumerate(pieces, 1)]


def test_an_event_has_the_time_of_the_read_that_completes_it():
    assert records.events(timed(b"data: a\n", b"\ndata: b\n\nda", b"ta: c\r\n\r", b"\n")) == [
        (2.0, "a"), (2.0, "b"), (4.0, "c"),
    ]  # fmt: skip


def test_lines_that_are_no_data_are_passed_over():
    stream = b": ping\n\nevent: x\nid: 1\ndata:no space\ndata: second line\n\n"
    assert records.events(timed(stream)) == [(1.0, "no space\nsecond line")]
    assert records.events(timed(b"data: [DONE]")) == [(1.0, "[DONE]")]
    assert records.events([]) == []


def test_a_character_cut_in_two_is_whole_again():
    data = event(chunk("é", note="\u2028"))
    data = data.replace(b"\\u00e9", "é".encode())
    middle = data.index("é".encode()) + 1
    found = records.events(timed(data[:middle], data[middle:]))
    assert json.loads(found[0][1])["choices"][0]["delta"]["content"] == "é"


def test_a_whole_answer():
    found = records.answer(timed(*WHOLE))
    assert found == {
        "status": "ok", "message": "", "finish": "length", "prompt_tokens": 7, "output_tokens": 4,
        "event": 1.0, "first": 2.0, "last": 5.0, "chunks": [2.0, 3.0, 4.0],
    }  # fmt: skip


def test_tokens_come_from_usage_and_not_from_chunks():
    found = records.answer([(1.0, b"".join(WHOLE))])
    assert found["output_tokens"] == 4 and found["chunks"] == [1.0, 1.0, 1.0]
    assert records.answer(timed(ROLE, *TEXTS, END, DONE)).get("output_tokens") is None


@pytest.mark.parametrize(
    ("pieces", "status", "message"),
    [
        ((ROLE, TEXTS[0]), "broken", "the stream ended before the answer did"),
        ((), "broken", "the stream ended before the answer did"),
        ((ROLE, event({"error": {"message": "no"}}), DONE), "error", '{"message": "no"}'),
        ((event("<html>"),), "error", "not JSON: <html>"),
        ((ROLE, TEXTS[0], END), "ok", ""),  # a server without [DONE]
        ((ROLE, TEXTS[0], END, USAGE, DONE), "ok", ""),
    ],
)
def test_how_a_stream_ended(pieces, status, message):
    found = records.answer(timed(*pieces))
    assert (found["status"], found["message"]) == (status, message)


def test_times_of_a_request_from_when_it_was_due():
    record = Record(
        "ok", due=1.0, sent=1.5, end=4.5, event=1.6, first=2.0, last=4.0, output_tokens=5,
        chunks=[2.0, 2.5, 4.0],
    )  # fmt: skip
    assert (record.ttft, record.e2e, record.tpot, record.itl) == (1.0, 3.0, 0.5, [0.5, 1.5])


@pytest.mark.parametrize("tokens", [None, 0, 1])
def test_one_token_has_no_time_per_token(tokens):
    record = Record("ok", 0.0, 0.0, 2.0, first=1.0, last=2.0, output_tokens=tokens)
    assert record.tpot is None and record.ttft == 1.0


def test_a_file_of_records_loses_a_line_that_was_cut_off(tmp_path):
    some = [Record("ok", 0.0, 0.0, 1.25, message="é"), Record("timeout", 1.0, 1.0, 2.0)]
    file = tmp_path / "r.jsonl"
    text = "".join(record.line() + "\n" for record in some)
    file.write_text(text + '{"status": "o', encoding="utf-8")
    assert records.read(file) == some
    assert records.read(tmp_path / "none") == []
