"""A configuration as YAML, with a comment for each decision that says why."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from houseprice.conversion import CellForm
from houseprice.inference.decisions import ColumnDecision, Finding, Understanding
from houseprice.inference.profile import TEXT_MARKS
from houseprice.schema import NO_CURRENCY

_PLAIN = re.compile(r"[A-Za-z_$€£À-ÿ][\w.²%/À-ÿ-]*(?: [\wÀ-ÿ²-]+)*")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"))
_WIDTH = 116


def write_yaml(
    understood: Understanding, *, name: str, raw: Path, layout: Mapping[str, Any], file_notes: Sequence[str] = ()
) -> str:
    """Return the configuration of what was understood; every conversion is declared in it, none is guessed again.

    Args:
        understood: the decisions.
        name: of the project, of small letters, digits and hyphens.
        raw: path of the file of sales.
        layout: section `data.file`: how the file was read.
        file_notes: what was decided about how the file is written, a sentence each.
    """
    form, missing = _form_of_file(understood), _missing_of_file(understood)
    lines = [
        f"# Written by `houseprice init` from {raw.name}: {understood.rows:,} rows.",
        "# Each decision has its reason above it, and how sure it is: certain, or likely. Correct what is wrong.",
        "project:",
        f"  name: {name}",
        f"  currency: {understood.currency}"
        + ("   # the file does not say" if understood.currency == NO_CURRENCY else ""),
        "",
        "paths:",
        f"  raw: {scalar(str(raw))}",
        "",
        "data:",
    ]
    lines += [line for note in file_notes for line in _wrapped(note, "  ")]
    if layout:
        lines.append(f"  file: {flow(layout)}")
    written = form.model_dump(exclude_defaults=True)
    if written:
        lines.append(f"  form: {flow(written)}")
    if missing:
        lines.append(f"  missing: {flow(missing)}")
    if understood.max_rejected_share is not None:
        lines.append(
            f"  max_rejected_share: {understood.max_rejected_share}   # many prices are blank, or not at arm's length"
        )
    for note in understood.notes:
        lines += _comment(note, "  ")
    if understood.only:
        lines.append(f"  only: {flow(understood.only)}")
    lines.append("  columns:")
    for column in understood.columns:
        if not column.excluded:
            lines += _column(column, form, missing)
    joined = {source for column in understood.columns for source in column.sources}
    excluded = [column for column in understood.columns if column.excluded and column.name not in joined]
    if excluded:
        lines.append("  excluded:")
        lines += [line for column in excluded for line in _excluded(column)]
    return "\n".join(lines) + "\n"


def _column(column: ColumnDecision, file: CellForm, missing: list[str]) -> Iterator[str]:
    for finding in column.findings:
        yield from _comment(finding, "    ")
    declared: dict[str, Any] = {"kind": column.kind}
    optional = {
        "role": column.role,
        "from": list(column.sources) or None,
        "known": column.known if column.known == "at_sale" else None,
        "unit": column.unit,
        "required": column.required,
        "levels": list(column.levels) if column.levels else None,
        "minimum": column.minimum,
        "learn_minimum": column.learn_minimum,
        "learn_maximum": column.learn_maximum,
        "maximum": column.maximum,
        "form": _own_form(column.form, file, missing) or None,
    }
    declared |= {key: value for key, value in optional.items() if value is not None}
    yield f"    {scalar(column.name)}: {flow(declared)}"


def _excluded(column: ColumnDecision) -> Iterator[str]:
    verdict = next((one.verdict for one in column.findings if one.about == "excluded"), "certain")
    proof = next((_proof(one) for one in column.findings if one.about == "excluded"), "")
    yield f"    {scalar(column.name)}: {quoted(column.excluded)}   # {verdict}{proof}"


def _comment(finding: Finding, indent: str) -> list[str]:
    return _wrapped(f"{finding.about}, {finding.verdict}: {finding.reason}{_proof(finding)}", indent)


def _wrapped(text: str, indent: str) -> list[str]:
    """Return a text as lines of a comment."""
    text = re.sub(r"\s+", " ", text)
    lines, line = [], indent + "#"
    for word in text.split(" "):
        if len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line = f"{indent}#  "
        line += f" {word}"
    return [*lines, line]


def _proof(finding: Finding) -> str:
    if not finding.rows:
        return ""
    return f" (row{'s' if len(finding.rows) > 1 else ''} {', '.join(map(str, finding.rows))})"


def _form_of_file(understood: Understanding) -> CellForm:
    """Return the decimal sign and the dates that the columns have in common."""
    forms = [column.form for column in understood.columns if not column.excluded]
    decimals = Counter(form.decimal for form in forms if form.decimal)
    dates = Counter(form.dates for form in forms if form.dates)
    return CellForm(
        decimal=decimals.most_common(1)[0][0] if decimals else None, dates=dates.most_common(1)[0][0] if dates else None
    )


def _missing_of_file(understood: Understanding) -> list[str]:
    """Return the missing marks that mean it in every column."""
    marks = [mark for column in understood.columns if not column.excluded for mark in column.form.missing]
    return sorted({mark for mark in marks if mark.casefold() in TEXT_MARKS})


def _own_form(form: CellForm, file: CellForm, missing: list[str]) -> dict[str, Any]:
    """Return what the form of a column says beyond that of the file."""
    own = form.model_dump(exclude_defaults=True)
    own = {key: value for key, value in own.items() if getattr(file, key) != value}
    marks = [mark for mark in form.missing if mark not in missing]
    own.pop("missing", None)
    return own | ({"missing": marks} if marks else {})


def flow(value: Any) -> str:
    """Return a value in YAML's flow style."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(str(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """Return a single value; texts are quoted where they could be taken for something else."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = str(value)
    return text if _PLAIN.fullmatch(text) and text.casefold() not in _WORDS else quoted(text)


def quoted(text: str) -> str:
    """Return a text in double quotes."""
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return "\\" + letter
    if letter.isprintable():
        return letter
    return f"\\U{ord(letter):08x}"
