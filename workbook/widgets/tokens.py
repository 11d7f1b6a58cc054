"""A text as a model reads it: token by token, special tokens marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

_BOX = (
    "display: inline-block; margin: 1px; padding: 0 2px; border: 1px solid #8886; white-space: pre"
)
_SPECIAL = f"{_BOX}; font-weight: bold; background: #f5a62355"


@dataclass(frozen=True)
class Token:
    """One token: its number, the text that it stands for, and whether it is a special one."""

    id: int
    text: str
    special: bool


class Tokens:
    """The tokens of a text.

    folder: a model's folder with its tokenizer.json; text: a prompt as a template renders it, or
    the numbers of the tokens that a model wrote. In a notebook each token has a box and the
    special ones are marked; as text, every special token has a line, with its number, and |
    divides the others. Raises OSError without that file.
    """

    def __init__(self, folder: Path, text: str | Sequence[int]) -> None:
        from tokenizers import Tokenizer

        # Read as text: a tokenizer that is not there is then an OSError that names the file.
        tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
        special = {i for i, t in tokenizer.get_added_tokens_decoder().items() if t.special}
        ids = (
            tokenizer.encode(text, add_special_tokens=False).ids if isinstance(text, str) else text
        )
        self.tokens = [
            Token(i, tokenizer.decode([i], skip_special_tokens=False), i in special) for i in ids
        ]

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def ids(self) -> list[int]:
        """The numbers that the model gets."""
        return [token.id for token in self.tokens]

    @property
    def special(self) -> int:
        """How many of them are special."""
        return sum(token.special for token in self.tokens)

    def __str__(self) -> str:
        lines, line = [], []
        for token in self.tokens:
            if token.special:
                lines += ["|".join(line)] if line else []
                lines, line = [*lines, f"  {token.text}  [{token.id}]"], []
            else:
                line.append(token.text.replace("\n", "\\n"))
        lines += ["|".join(line)] if line else []
        return "\n".join([*lines, f"{len(self)} tokens, {self.special} of them special"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        boxes = []
        for token in self.tokens:
            style = _SPECIAL if token.special else _BOX
            text = escape(token.text.replace("\n", "⏎")) or "&nbsp;"
            boxes.append(f'<span style="{style}" title="{token.id}">{text}</span>')
        count = f"{len(self)} tokens, {self.special} of them special"
        return f'<div style="line-height: 1.9">{"".join(boxes)}<p>{count}</p></div>'
