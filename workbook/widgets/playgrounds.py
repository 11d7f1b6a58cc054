"""Type a question, see the answer stream in."""

from collections.abc import Iterator
from html import escape

import ipywidgets as widgets
import openai

from workbook.runtimes import Runtime

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
        except (openai.APIConnectionError, RuntimeError):  # stopped, its client closed
            answer.value = _shown(
                f"Nothing answers at {rt.root_url}: the runtime was stopped. Run the cell that "
                f"starts it again, then the one that shows this playground."
            )
        except Exception as error:
            answer.value = _shown(f"The runtime did not answer: {error}")
        finally:
            button.disabled = False

    button.on_click(ask)
    return widgets.VBox([chooser, box, button, answer])


def _shown(text: str) -> str:
    return f"<pre style='white-space: pre-wrap'>{escape(text)}</pre>"
