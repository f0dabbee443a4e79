"""Command `init`: any file of sales in, a configuration that says what was understood out."""

import json
import re
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from houseprice import inference
from houseprice.atomic_io import check_files, keep_inputs, write_atomically
from houseprice.cli.console import draw
from houseprice.cli.understood import summary
from houseprice.config import load
from houseprice.errors import ConfigError, DataError, RejectedShareError
from houseprice.inference import Question, Understanding
from houseprice.inference.answers import parse_answers
from houseprice.inference.yaml_text import write_yaml
from houseprice.learning.implausible import MIN_SALES
from houseprice.sales_file import FileLayout, TextTable, files_of, read

OF_LAYOUT = "file."


@click.command(
    epilog="Example: houseprice init sales.csv --set date_order=dmy; houseprice init --check configs/sales.yaml new.csv"
)
@click.argument("source", metavar="FILE")
@click.option(
    "--output", type=click.Path(path_type=Path), show_default="configs/NAME.yaml", help="The configuration to write."
)
@click.option("--yes", is_flag=True, help="Write without asking what is likely; what is ambiguous is never guessed.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Tell a decision, such as date_order=dmy.")
@click.option("--sheet", help="Sheet of an Excel workbook.")
@click.option(
    "--check",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="CONFIG",
    help="Write nothing; say what this configuration would reject of the file, and why.",
)
@click.option("--overwrite", is_flag=True, help="Replace a configuration that is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def init(
    source: str,
    output: Path | None,
    yes: bool,
    pairs: tuple[str, ...],
    sheet: str | None,
    config_path: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Look at a file of sales, write a configuration for it, and say what was understood.

    FILE is a CSV, Excel or Parquet file, a folder of them, or a pattern such as "sales/*.csv".
    """
    if config_path is not None:
        _check(config_path, source, as_json=as_json)
        return
    name = _project_name(source)
    target = output or Path("configs") / f"{name}.yaml"
    if target.exists() and not overwrite:
        raise ConfigError(
            f'"{target}" is there already, and may have been corrected by hand; give another --output, or --overwrite.',
            code="config_exists",
            path=str(target),
        )
    keep_inputs(files_of(source), (target,))
    table = _read(source, sheet, pairs)
    if table.texts.is_empty():
        raise DataError(f'"{source}" has a header, but no row that could be read; check the file.', code="csv_empty")
    if table.texts.height == 1:
        raise DataError(
            f'"{source}" holds one row, of which no column can be understood; provide at least {MIN_SALES} sales.',
            code="too_few_sales",
            sales=1,
        )
    told = parse_answers(tuple(pair for pair in pairs if not pair.startswith(OF_LAYOUT)), table.columns)
    understood = _understand(table, told)
    layout = {key: value for key, value in table.layout.model_dump().items() if value not in ("auto", None, (), [])}
    text = write_yaml(understood, name=name, raw=Path(source), layout=layout, file_notes=_told(table))
    _show(_as_dict(understood, target) if as_json else summary(understood, source, _unsure(table)))
    if not yes and sys.stdin.isatty() and not click.confirm(f"Write {target}?", default=True):
        raise click.Abort
    target.parent.mkdir(parents=True, exist_ok=True)
    check_files(target)
    write_atomically({target: text.encode()})
    click.echo(f"Wrote {target}. Next: make run CONFIG={target}", err=True)


def _show(found: dict[str, Any] | RenderableType) -> None:
    """Print plain values as JSON, and anything else as it is drawn."""
    if isinstance(found, dict):
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        draw(found)


def _check(config_path: Path, source: str, *, as_json: bool) -> None:
    """Print what would be rejected; the exit code tells whether a run would fail for it."""
    from houseprice.cli import check

    config = load(config_path)
    found = check.check(config, Path(source))
    _show(found.as_dict() if as_json else check.summary(found, source))
    if check.is_too_much(found, config):
        raise RejectedShareError(
            f"{found.rejected:,} of {found.accepted + found.rejected:,} rows would be rejected, more than "
            f"{config.data.max_rejected_share:.1%} (data.max_rejected_share); correct the table or the declaration.",
            rejected=found.rejected,
        )


def _project_name(source: str) -> str:
    stem = re.sub(r"(?:\.(?:csv|tsv|txt|xlsx|parquet|gz|zip))+$", "", Path(source).name, flags=re.IGNORECASE)
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "sales"


def _read(source: str, sheet: str | None, pairs: Iterable[str]) -> TextTable:
    """Read the file; what its layout leaves open is asked at a terminal."""
    told: dict[str, Any] = {"sheet": sheet} if sheet else {}
    for pair in pairs:
        key, _, value = pair.removeprefix(OF_LAYOUT).partition("=")
        if pair.startswith(OF_LAYOUT):
            told[key] = int(value) if value.isdigit() else value.split(",") if key == "names" else value
    while True:
        try:
            layout = FileLayout.model_validate(told)
        except ValueError as err:
            raise ConfigError(f"--set file.* cannot be used: {err}", code="answer_unknown") from err
        try:
            return read(source, layout)
        except DataError as err:
            if err.code != "layout_ambiguous" or not sys.stdin.isatty():
                raise
            choices = {str(choice): choice for choice in err.details["choices"]}
            click.echo(str(err), err=True)
            told[err.details["key"]] = choices[click.prompt("Which one", type=click.Choice(list(choices)), err=True)]


def _told(table: TextTable) -> list[str]:
    """Return what the reader of the file decided, for the comments of the configuration."""
    return [f"{note.verdict}: {note.reason}" for note in table.notes]


def _unsure(table: TextTable) -> list[str]:
    """Return what the reader of the file is not certain of, and that it lacks a header or rows."""
    notes = [note.reason for note in table.notes if note.verdict != "certain"]
    if table.layout.header_lines == 0 and not table.layout.names:
        notes.append(
            f"The file has no header. Name its {len(table.columns)} columns, and more is understood, with --set "
            "file.header_lines=0 --set file.names=FIRST,SECOND,… in the order of the file."
        )
    if table.texts.height < MIN_SALES:
        notes.append(f"{table.texts.height} sales are too few to learn prices from; a run needs at least {MIN_SALES}.")
    return notes


def _understand(table: TextTable, answers: dict[str, str]) -> Understanding:
    """Understand a table; what is ambiguous is asked at a terminal, and refused elsewhere."""
    while True:
        understood = inference.understand(table.texts, answers)
        if not understood.questions:
            return understood
        if not sys.stdin.isatty() or not all(question.answers for question in understood.questions):
            raise _refused(understood.questions)
        for question in understood.questions:
            click.echo(question.text, err=True)
            for answer, meaning in question.answers.items():
                click.echo(f"  {answer}: {meaning}", err=True)
            choice = click.Choice(list(question.answers))
            answers[question.key] = click.prompt("Which one", type=choice, show_choices=False, err=True)


def _refused(questions: tuple[Question, ...]) -> DataError:
    """Return the error of questions that nobody is there to answer."""
    codes = {question.code for question in questions}
    lines = []
    for question in questions:
        ways = " or ".join(f"--set '{question.key}={answer}'" for answer in question.answers)
        lines.append(f"{question.text}{f' Answer with {ways}.' if ways else ''}")
    return DataError(
        "\n  ".join(lines) if len(lines) == 1 else "Some decisions need a person:\n  " + "\n  ".join(lines),
        code=codes.pop() if len(codes) == 1 else "decisions_ambiguous",
        questions=[asdict(question) for question in questions],
    )


def _as_dict(understood: Understanding, target: Path) -> dict[str, Any]:
    columns = []
    for column in understood.columns:
        found = asdict(column) | {"form": column.form.model_dump(exclude_defaults=True), "verdict": column.verdict}
        columns.append({key: value for key, value in found.items() if value not in (None, (), "", [])})
    return {
        "config": str(target),
        "rows": understood.rows,
        "currency": understood.currency,
        "columns": columns,
        "notes": [asdict(note) for note in understood.notes],
    }
