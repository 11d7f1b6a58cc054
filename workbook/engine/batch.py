"""Several answers computed together, token by token (continuous batching).

One thread computes while there is something to compute. It repeats one round: a piece of a prompt
that waits is read, then every answer that is under way gets its next token, all in one run of the
graph. So a new request joins at once, an answer that ends or is given up makes room at once, and
the weights are read and unpacked once a round rather than once an answer.
"""

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from queue import Empty, SimpleQueue

import numpy as np
import onnxruntime
import psutil

from workbook.engine.decoder import Decoder
from workbook.engine.sampling import Sampler

TOGETHER = 16
"""Most answers that are computed together, unless another number is asked for. Measured with pocket
and 16 clients: 8 give as many tokens a second, and the median client waits four times as long for
its first one; the processor time of a token no longer falls from 8 to 16."""

PIECE = 64
"""Tokens of a prompt that are read at a time; a round reads about as many. The answers under way
wait for them, and the graph gives scores for each of them. Measured with pocket and the shape of a
quarter: reading 64 at a time takes no more processor time than 256; reading 16 takes half as much
again with the shape. A prompt is cut at the same places always: a sum may differ in its last bit
between pieces of other lengths."""

ASKED = 0.1
"""Seconds between two questions whether an answer is still wanted."""

CACHE_SHARE = 0.5
"""The KV cache may grow to this part of the memory that is free when the model is loaded. A single
answer always gets its own."""


class Row:
    """One answer in a batch: what is asked for, and its tokens as they come.

    prompt: token ids; room: most tokens of the answer; least: no end token comes before so many;
    ends: the tokens that end it; scored: whether each token comes with the scores from which it was
    chosen.
    """

    def __init__(
        self,
        prompt: list[int],
        room: int,
        sampler: Sampler,
        ends: Collection[int],
        *,
        least: int = 0,
        scored: bool = False,
    ):
        self.prompt = prompt
        self.room = room
        self.sampler = sampler
        self.least = least
        self.ends = list(ends)
        self.scored = scored
        self.read = 0
        self.count = 0
        self.last = 0
        self.given_up = False
        self._results: SimpleQueue[tuple[int, np.ndarray | None] | BaseException | None]
        self._results = SimpleQueue()

    @property
    def need(self) -> int:
        """Places in the KV cache, at most."""
        return len(self.prompt) + self.room

    @property
    def length(self) -> int:
        """Places that are written before the next step."""
        return len(self.prompt) + self.count - 1

    @property
    def plain(self) -> bool:
        """Whether the most probable token is all that is wanted of a step."""
        return self.sampler.greedy and not self.scored and self.count >= self.least

    def choose(self, scores: np.ndarray) -> int:
        """The next token, from its scores."""
        if self.count < self.least:
            scores = scores.copy()
            scores[self.ends] = -np.inf
        return self.sampler.choose(scores)

    def give(self, token: int, scores: np.ndarray | None) -> bool:
        """Hand out a token; whether it was the last one."""
        self.count += 1
        self.last = token
        self._results.put((token, scores.copy() if self.scored and scores is not None else None))
        return token in self.ends or self.count == self.room

    def end(self, error: BaseException | None = None) -> None:
        """Nothing follows; error: why not."""
        self._results.put(error)

    def results(
        self, ask: Callable[[], None] | None = None
    ) -> Iterator[tuple[int, np.ndarray | None]]:
        """(token, scores) as they come, until the answer ends.

        ask: called every ASKED seconds while nothing comes. Raises what the computation raised.
        """
        while True:
            try:
                found = self._results.get(timeout=ASKED if ask else None)
            except Empty:
                if ask:
                    ask()
                continue
            if found is None:
                return
            if isinstance(found, BaseException):
                raise found
            yield found


class Batch:
    """Rows that are computed together, `together` at most; `add` and `give_up` from any thread.

    `observe` is told how many answers got a token in each round.
    """

    def __init__(self, decoder: Decoder, together: int):
        self._decoder = decoder
        self._together = together
        self._most_bytes = int(CACHE_SHARE * psutil.virtual_memory().available)
        self._lock = threading.Lock()
        self._waiting: deque[Row] = deque()
        self._reading: Row | None = None  # in the place after those under way
        self._rows: list[Row] = []  # under way; a row's place here is its place in the cache
        self._options: onnxruntime.RunOptions | None = None
        self._thread: threading.Thread | None = None
        self.observe: Callable[[int], None] = lambda count: None

    @property
    def busy(self) -> bool:
        """Whether anything is being computed."""
        return self._thread is not None

    def add(self, row: Row) -> None:
        """Compute this row too, as soon as there is room for it."""
        with self._lock:
            self._waiting.append(row)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="batch")
                self._thread.start()

    def give_up(self, row: Row) -> None:
        """End a row: at once while it waits or its prompt is read, else after the round."""
        with self._lock:
            row.given_up = True
            if row in self._waiting:
                self._waiting.remove(row)
                row.end()
            elif row is self._reading and self._options:
                self._options.terminate = True

    def _work(self) -> None:
        while True:
            try:
                if not self._another_round():
                    return
                self._round()
            except Exception as error:  # these answers fail, and the next ones are computed
                failed, self._rows = self._rows, []
                self._decoder.clear()
                if self._reading:
                    self._reading.read = 0
                for row in failed:
                    row.end(error)

    def _another_round(self) -> bool:
        """Let rows go and come; False when there is nothing left to compute."""
        with self._lock:
            # At the end of the program nobody waits for an answer that was left open.
            leaving = not threading.main_thread().is_alive()
            for row in [row for row in self._rows if row.given_up or leaving]:
                self._leave(row)
            if leaving:
                for row in (*filter(None, [self._reading]), *self._waiting):
                    row.end()
                self._reading = None
                self._waiting.clear()
            self._take()
            if self._reading or self._rows:
                return True
            self._decoder.clear()
            self._thread = None
            return False

    def _take(self) -> None:
        """Begin with the next prompt, if there is room."""
        if self._reading is None and self._waiting and self._fits(self._waiting[0]):
            self._reading = self._waiting.popleft()

    def _fits(self, row: Row) -> bool:
        count = len(self._rows)
        rows, places = self._decoder.size_for(count + 1, row.need)
        size = rows * places * self._decoder.token_bytes
        return count == 0 or (count < self._together and size <= self._most_bytes)

    def _leave(self, row: Row) -> None:
        """Take a row out; the last one takes its place."""
        place, last = self._rows.index(row), self._rows[-1]
        if last is not row:
            self._decoder.move(len(self._rows) - 1, place, last.length)
            self._rows[place] = last
        self._rows.pop()
        row.end()
        if self._reading and self._reading.read:
            self._decoder.move(len(self._rows) + 1, len(self._rows), self._reading.read)

    def _round(self) -> None:
        left = PIECE
        while left > 0 and self._reading:
            left -= self._read(self._reading)
            with self._lock:
                self._take()
        if self._rows:
            self._step()

    def _read(self, row: Row) -> int:
        """Read a piece of a prompt; how many tokens it were."""
        piece = row.prompt[row.read : row.read + PIECE]
        try:
            with self._lock:
                self._options = onnxruntime.RunOptions()
                self._options.terminate = row.given_up
            self._decoder.reserve(len(self._rows) + 1, row.need)
            scores = self._decoder.read(len(self._rows), piece, row.read, self._options)
        except Exception as error:  # ONNX Runtime's own; this row's alone
            self._reading = None
            row.end(None if row.given_up else error)
            return len(piece)
        row.read += len(piece)
        if row.read == len(row.prompt):
            self._reading = None
            self._rows.append(row)
            if row.give(row.choose(scores), scores):
                self._leave(row)
        return len(piece)

    def _step(self) -> None:
        rows = self._rows
        scores = self._decoder.step([row.last for row in rows], [row.length for row in rows])
        best = scores.argmax(axis=1).tolist()
        self.observe(len(rows))
        ended = []
        for row, own, greedy in zip(rows, scores, best, strict=True):
            if row.give(greedy if row.plain else row.choose(own), own):
                ended.append(row)
        for row in ended:
            self._leave(row)
