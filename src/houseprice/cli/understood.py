"""What `houseprice init` understood of a file, as a short table for people."""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from houseprice.inference import ColumnDecision, Finding, Understanding

COLOURS = {"certain": "green", "likely": "yellow", "ambiguous": "red"}


def summary(understood: Understanding, source: str, file_notes: Sequence[str] = ()) -> RenderableType:
    """Return the table of the columns that are used, and the list of those that are left out."""
    used = [column for column in understood.columns if not column.excluded]
    table = Table(
        title=f"{source}: {understood.rows:,} rows", box=box.SIMPLE_HEAD, title_justify="left", padding=(0, 1, 0, 0)
    )
    for heading in ("column", "role", "kind", "unit", "written as", "verdict", "why"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("role", "kind", "unit", "verdict"))
    for column in used:
        table.add_row(
            Text(column.name), column.role or "", column.kind or "", column.unit or "", Text(_form(column)),
            Text(column.verdict, COLOURS[column.verdict]), Text(_why(column)),
        )  # fmt: skip
    parts: list[RenderableType] = [table]
    out = [column for column in understood.columns if column.excluded]
    if out:
        left = Table(
            title="Left out", box=box.SIMPLE_HEAD, title_justify="left", show_header=False, padding=(0, 1, 0, 0)
        )
        for column in out:
            left.add_row(Text(column.name), Text(column.excluded))
        parts.append(left)
    parts += [Text(f"Note: {note}") for note in (*file_notes, *(f"{note.reason}." for note in understood.notes))]
    return Group(*parts)


def _form(column: ColumnDecision) -> str:
    """Return how the cells of a column are written, in a few words."""
    form = column.form
    parts: list[str] = [" ".join(column.sources)] if column.sources else []
    parts += list(form.dates) if form.dates else []
    mark = "" if form.thousands in (None, "none") else form.thousands
    if form.decimal or mark:
        parts.append(f"1{mark}234" + (f"{form.decimal}5" if form.decimal else ""))
    parts += [*form.strip, *form.multipliers, *(f"{word} is {number:g}" for word, number in form.number_words.items())]
    parts += [word for word in (form.ranges, form.duration) if word]
    if form.true and form.false:
        parts.append(f"{'/'.join(form.true)} or {'/'.join(form.false)}")
    if column.levels:
        parts.append(f"{column.levels[0]} … {column.levels[-1]}")
    if form.missing:
        parts.append(f"missing: {' '.join(form.missing[:3])}")
    return ", ".join(parts)


def _why(column: ColumnDecision) -> str:
    """Return the reason that matters most: of the least sure decision, and of the role before the form."""
    order = ("role", "form", "missing", "unit", "kind", "bounds", "excluded")
    findings = [one for one in column.findings if one.verdict == column.verdict] or list(column.findings)
    if not findings:
        return ""
    best = min(findings, key=lambda one: order.index(one.about))
    return best.reason + _rows(best)


def _rows(finding: Finding) -> str:
    return f" (row {finding.rows[0]})" if finding.rows else ""
