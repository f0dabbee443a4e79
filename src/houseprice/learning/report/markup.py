"""Texts and values in, HTML out: whatever is not HTML already is escaped, so that no value can become a tag."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape as _escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | None
"""`Html` goes in as it is, any other text is escaped, None is left out."""
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
VOID = {"meta", "br", "hr"}


def visible(text: str) -> str:
    """Return a text without the characters that no HTML or SVG may hold."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def safe(text: str) -> Html:
    """Return a text as HTML that shows it."""
    return text if isinstance(text, Html) else Html(_escape(visible(text)))


def element(tag: str, *children: Child, **attributes: str | None) -> Html:
    """Return one element; an attribute's `_` is written `-`, but for one at the end, which is dropped."""
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_escape(visible(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in VOID:
        return Html(f"<{tag}{said}>")
    return Html(f"<{tag}{said}>{join(children)}</{tag}>")


def join(children: Iterable[Child]) -> Html:
    """Return some pieces, one after the other."""
    return Html("".join(safe(child) for child in children if child is not None))


@dataclass(frozen=True)
class Section:
    """One part of the report: its heading, the sentence that says how to read it, and what there is to read."""

    title: str
    how_to_read: str
    body: Html

    @property
    def anchor(self) -> str:
        """What a link within the page calls it."""
        return re.sub(r"[^a-z]+", "-", self.title.lower()).strip("-")

    def write(self) -> Html:
        """Return the section's HTML."""
        heading = element("h2", self.title, id=f"{self.anchor}-heading")
        lead = element("p", self.how_to_read, class_="lead")
        return element("section", heading, lead, self.body, id=self.anchor, aria_labelledby=f"{self.anchor}-heading")


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[Child]], texts: int = 1, marks: Sequence[str] = ()
) -> Html:
    """Return a table whose first cell of each row is its heading; all but the first `texts` columns are numbers.

    `marks` are classes of the rows, "" for none.
    """
    head = element("tr", *(element("th", name, scope="col", class_=_side(n, texts)) for n, name in enumerate(heads)))
    body = []
    for place, (first, *others) in enumerate(rows):
        cells = [element("td", cell, class_=_side(number, texts)) for number, cell in enumerate(others, 1)]
        mark = marks[place] if place < len(marks) else ""
        body.append(element("tr", element("th", first, scope="row"), *cells, class_=mark or None))
    whole = element(
        "table", element("caption", element("span", caption)), element("thead", head), element("tbody", *body)
    )
    # On a narrow screen the table is moved within its frame; the keyboard can do so too.
    return element("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _side(number: int, texts: int) -> str | None:
    return "number" if number >= texts else None


def folded(summary: str, *content: Child) -> Html:
    """Return content that is opened by its summary."""
    return element("details", element("summary", summary), *content)


def items(texts: Iterable[Child]) -> Html:
    """Return a list."""
    return element("ul", *(element("li", text) for text in texts))
