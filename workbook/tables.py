"""A table that notebooks show as HTML and terminals as text."""

from html import escape


class Table:
    """Rows of text under a header."""

    def __init__(self, rows: list[dict[str, str]], caption: str = "") -> None:
        if not rows:
            raise ValueError("a table needs at least one row")
        self.rows, self.caption = rows, caption

    def __str__(self) -> str:
        names = list(self.rows[0])
        cells = [names] + [[str(r[n]) for n in names] for r in self.rows]
        widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
                 for row in cells]  # fmt: skip
        return "\n".join(([self.caption] if self.caption else []) + lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        names = list(self.rows[0])
        head = "".join(f'<th scope="col">{escape(n)}</th>' for n in names)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(str(row[n]))}</td>" for n in names) + "</tr>"
            for row in self.rows
        )
        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
