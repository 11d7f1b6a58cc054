"""Type a question, see the answer stream in, from one runtime or from two."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from html import escape

import ipywidgets as widgets
import openai

from workbook.runtimes import Runtime
from workbook.tables import Table

EXAMPLES = (
    "If a car travels at 60 mph for 2.5 hours, then at 80 mph for 1.5 hours, what is the total "
    "distance traveled?",
    "All cats are mammals. Some mammals are carnivores. Can we conclude that some cats are "
    "carnivores?",
    "Write a Python function to calculate the factorial of a number using recursion.",
    "What is a KV cache?",
)


def pieces(rt: Runtime, prompt: str, max_tokens: int = 400) -> Iterator[str]:
    """The answer to one prompt, piece by piece; the plain way to use the playground."""
    stream = rt.client.chat.completions.create(
        model=rt.model,
        messages=[{"role": "user", "content": prompt}],
        temperature=0,
        max_tokens=max_tokens,
        stream=True,
    )
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            yield chunk.choices[0].delta.content


def playground(rt: Runtime) -> widgets.Widget:
    """A text field and a button that ask a runtime. Where widgets do not show, use
    `for piece in pieces(rt, "your question"): print(piece, end="")`."""
    box = widgets.Textarea(
        value=EXAMPLES[0],
        description="Question",
        layout=widgets.Layout(width="95%", height="70px"),
    )
    chooser = widgets.Dropdown(
        options=[(e[:70], e) for e in EXAMPLES],
        description="Examples",
        layout=widgets.Layout(width="95%"),
    )
    button = widgets.Button(description="Ask", button_style="primary")
    answer = widgets.HTML()
    chooser.observe(lambda change: setattr(box, "value", change["new"]), names="value")

    def ask(_) -> None:
        if not box.value.strip():
            answer.value = _shown("Type a question first.")
            return
        button.disabled, text, answer.value = True, "", ""
        try:
            for piece in pieces(rt, box.value):
                text += piece
                answer.value = _shown(text)
        except Exception as error:
            answer.value = _shown(_sentence(rt, error))
        finally:
            button.disabled = False

    button.on_click(ask)
    return widgets.VBox([chooser, box, button, answer])


def _sentence(rt: Runtime, error: Exception) -> str:
    if isinstance(error, openai.APIConnectionError | RuntimeError):  # stopped, its client closed
        return (
            f"Nothing answers at {rt.root_url}: the runtime was stopped. Run the cell that "
            f"starts it again, then the one that shows this playground."
        )
    return f"The runtime did not answer: {error}"


def _shown(text: str) -> str:
    return f"<pre style='white-space: pre-wrap; overflow-wrap: anywhere'>{escape(text)}</pre>"


# ---------------------------------------------------------------- two runtimes

REDRAWN = 0.05
"""Seconds between two looks at the answers: whatever is drawn takes time from the engines."""

NO_WIDGETS = "Two runtimes side by side (needs JupyterLab). Without widgets: side_by_side"


@dataclass
class Reply:
    """A streamed answer, while it comes and when it is there.

    `first_token` is the time from sending to the first text, `seconds` to the end; `tokens` are
    counted by the server, None when it does not. `error` is empty, or one sentence.
    """

    text: str = ""
    first_token: float | None = None
    seconds: float | None = None
    tokens: int | None = None
    error: str = ""

    @property
    def rate(self) -> float | None:
        """Tokens a second over the whole answer, the wait for the first one included."""
        return self.tokens / self.seconds if self.tokens and self.seconds else None

    def figures(self) -> dict[str, str]:
        """What was measured, as text; a dash for what was not."""
        first = "–" if self.first_token is None else f"{self.first_token * 1000:.0f} ms"
        rate = "–" if self.rate is None else f"{self.rate:.0f}"
        tokens = "–" if self.tokens is None else str(self.tokens)
        return {"first token": first, "tokens/s": rate, "tokens": tokens}


def stream(rt: Runtime, prompt: str, max_tokens: int = 400, into: Reply | None = None) -> Reply:
    """Ask, and measure while the answer streams in. What goes wrong is told in `error`.

    into: the reply to fill, for a second thread to look at.
    """
    reply, started = into or Reply(), time.perf_counter()
    try:
        chunks = rt.client.chat.completions.create(
            model=rt.model,
            messages=[{"role": "user", "content": prompt}],
            temperature=0,
            max_tokens=max_tokens,
            stream=True,
            stream_options={"include_usage": True},
        )
        for chunk in chunks:
            if chunk.usage:
                reply.tokens = chunk.usage.completion_tokens
            if chunk.choices and chunk.choices[0].delta.content:
                if reply.first_token is None:
                    reply.first_token = time.perf_counter() - started
                reply.text += chunk.choices[0].delta.content
        reply.seconds = time.perf_counter() - started
    except Exception as error:
        reply.error = _sentence(rt, error)
    return reply


def side_by_side(rts: Sequence[Runtime], prompt: str, max_tokens: int = 400) -> Table:
    """One prompt to each runtime, one after the other: the plain way to compare them."""
    replies = [stream(rt, prompt, max_tokens) for rt in rts]
    rows = [
        {"runtime": _name(rt), **reply.figures(), "answer": reply.error or reply.text}
        for rt, reply in zip(rts, replies, strict=True)
    ]
    return Table(rows, prompt)


def _name(rt: Runtime) -> str:
    return f"{rt.name}, {rt.artifact}" if rt.artifact else rt.name


class TwoRuntimes(widgets.VBox):
    """What `playground_of_two` gives."""

    def __init__(self, left: Runtime, right: Runtime, max_tokens: int = 400) -> None:
        self.rts, self.max_tokens = (left, right), max_tokens
        self.box = widgets.Textarea(
            value=EXAMPLES[0], description="Question", layout={"width": "95%", "height": "70px"}
        )
        self.chooser = widgets.Dropdown(
            options=[(e[:70], e) for e in EXAMPLES],
            description="Examples",
            layout={"width": "95%"},
        )
        self.chooser.observe(lambda change: setattr(self.box, "value", change["new"]), "value")
        self.button = widgets.Button(description="Ask both", button_style="primary")
        self.together = widgets.Checkbox(description="at the same time", indent=False)
        self.said = widgets.Label()
        self.answers = [widgets.HTML(layout={"width": "50%"}) for _ in self.rts]
        self.button.on_click(self._ask)
        controls = widgets.HBox([self.button, self.together, self.said])
        columns = widgets.HBox(self.answers, layout={"width": "95%"})
        super().__init__([self.chooser, self.box, controls, columns])
        self._draw([Reply(), Reply()])

    def _ask(self, _: object) -> None:
        prompt = self.box.value.strip()
        self.said.value = "" if prompt else "Type a question first."
        if not prompt:
            return
        replies = [Reply(), Reply()]
        self.button.disabled = True
        try:
            # Alone, an engine has all cores: only then its figures are its own.
            with ThreadPoolExecutor(2 if self.together.value else 1) as pool:
                asked = [
                    pool.submit(stream, rt, prompt, self.max_tokens, reply)
                    for rt, reply in zip(self.rts, replies, strict=True)
                ]
                self._watch(asked, replies)
        finally:
            self.button.disabled = False
        self._draw(replies)

    def _watch(self, asked: list[Future], replies: list[Reply]) -> None:
        while not all(future.done() for future in asked):
            self._draw(replies)
            time.sleep(REDRAWN)

    def _draw(self, replies: list[Reply]) -> None:
        for rt, reply, answer in zip(self.rts, replies, self.answers, strict=True):
            figures = "".join(
                f"<td style='padding-right: 1.5em'>{escape(name)}: <b>{escape(value)}</b></td>"
                for name, value in reply.figures().items()
            )
            answer.value = (
                f"<b>{escape(_name(rt))}</b><table><tr>{figures}</tr></table>"
                f"{_shown(reply.error or reply.text)}"
            )

    def _repr_mimebundle_(self, **kwargs: object) -> dict:
        bundle = super()._repr_mimebundle_(**kwargs) or {}
        return {**bundle, "text/plain": f"{NO_WIDGETS}([left, right], 'your question')"}


def playground_of_two(left: Runtime, right: Runtime, max_tokens: int = 400) -> TwoRuntimes:
    """One question, two runtimes, their answers side by side with time to first token and
    tokens/s. Where widgets do not show, use `side_by_side([left, right], "your question")`."""
    return TwoRuntimes(left, right, max_tokens)
