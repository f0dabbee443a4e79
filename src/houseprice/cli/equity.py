"""The command `equity`: whether the errors of the trained model differ between groups of sales."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from houseprice.atomic_io import check_files, keep_inputs, write_atomically
from houseprice.bundle.manifest import sha256_of
from houseprice.cli.common_options import json_option
from houseprice.cli.console import waiting
from houseprice.cli.learning_options import FILE, config_option, show
from houseprice.cli.terminal import printable
from houseprice.config import Config, load
from houseprice.errors import DataError, GateError
from houseprice.learning import out_of_sample
from houseprice.learning.bundling import find_processed, read_sales
from houseprice.learning.disparity.audit import DIFFERS, FAILED, NOT_JUDGED, TOO_FEW, audit, unseen_sales
from houseprice.learning.disparity.groups import own_groups, read_groups
from houseprice.learning.splitting import HOLDOUT

WORDS = {
    "bias_log": "bias",
    "p15_low": "share predicted more than 15 % too low",
    "p15_high": "share predicted more than 15 % too high",
    "dispersion": "dispersion",
    "outside_interval": "share outside the interval",
    "interval_width": "width of the interval",
}
OUTCOMES = {FAILED: ("FAILED", "bold red"), DIFFERS: ("differs", "yellow"), TOO_FEW: ("too few sales", "dim")}
UNITS = {"key": "keys of the table", "neighbourhood": "neighbourhoods", "house": "houses"}
_MANY = 100
LONGEST_NAME = 200
"""Characters of a name in the terminal; the JSON has all."""


@click.command(
    epilog="Examples: houseprice equity --by bands.csv --key postcode; houseprice equity --by-column condition"
)
@click.option("--by", "source", type=FILE, help="Table of groups: CSV, Excel or Parquet, one row a key.")
@click.option("--key", help="Column that this table and the sales have in common, such as a postcode or the parcel.")
@click.option(
    "--group",
    "columns",
    multiple=True,
    show_default="all but the key",
    help="Column of the table to group by; may be repeated.",
)
@click.option(
    "--by-column", "own", multiple=True, help="Column of the sales to group by, instead of a table; may be repeated."
)
@click.option(
    "--bands",
    type=click.IntRange(2, 100),
    show_default="5 for numbers of the sales",
    help="Divide groups that are numbers into so many bands of as many sales.",
)
@click.option("--sheet", show_default="the first", help="Sheet of an Excel workbook.")
@click.option(
    "--held-out-only", is_flag=True, help="Leave out the training sales that models of earlier sales predicted."
)
@config_option
@click.option("--reports-dir", type=FILE, show_default="as configured", help="Folder of the reports of the training.")
@click.option("--data", type=FILE, show_default="as configured", help="The processed table of the training.")
@click.option("--output", type=FILE, help="JSON file to write the result to.")
@json_option
def equity(
    *, source: Path | None, key: str | None, columns: tuple[str, ...], own: tuple[str, ...], bands: int | None,
    sheet: str | None, held_out_only: bool, config_path: Path, reports_dir: Path | None, data: Path | None,
    output: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Test whether errors differ between groups of sales; exits with code 6 when a group fails.

    Compared are bias, large errors, dispersion, coverage and width of the interval, on sales that the model trained
    last had not seen. A group fails when it differs from all other sales beyond chance and by more than
    gates.disparity allows. It is no legal finding, and tells no cause.
    """
    if bool(source) == bool(own) or bool(source) != bool(key):
        raise click.UsageError("Give a table of groups with --by and --key, or columns of the sales with --by-column.")
    if own and (columns or sheet):
        raise click.UsageError("--group and --sheet are about a table of groups; they need --by.")
    config = load(config_path)
    predictions = (reports_dir or config.paths.reports) / out_of_sample.NAME
    found = out_of_sample.read(predictions)
    table = _processed(found.processed_sha256, data, config)
    if output:
        paths = config.paths
        inputs = (source, predictions, table, config_path, paths.raw, paths.additional)
        keep_inputs([path for path in inputs if path], (output,))
        check_files(output)
    sales = unseen_sales(found, read_sales(table, config.schema_), config.schema_)
    if held_out_only:
        sales = sales.where((sales.predictions["basis"] == HOLDOUT).to_numpy())
    if source and key:
        groupings = read_groups(source, key, columns, sales.columns, config.schema_, sheet=sheet, bands=bands)
    else:
        groupings = own_groups(sales.columns, own, config.schema_, bands)
    with waiting("Permuting groups"):
        result = audit(sales, groupings, config)
    digests = {"predictions_sha256": found.sha256, "processed_sha256": found.processed_sha256}
    result |= digests | ({"groups_sha256": sha256_of(source)} if source and source.is_file() else {})
    if output:
        write_atomically({output: (json.dumps(result, indent=1) + "\n").encode()})
    show(result, as_json, lambda: _drawn(result))
    if failed := [_named(grouping, group) for grouping, group in _groups(result) if group["outcome"] == FAILED]:
        raise GateError(
            f"The errors of {len(failed)} groups differ from those of all other sales beyond chance and the limits: "
            f"{', '.join(failed[:10])}{', …' if len(failed) > 10 else ''}. docs/equity.md says what to do about it.",
            code="disparity_found",
            groups=failed,
        )


def _processed(sha256: str, data: Path | None, config: Config) -> Path:
    """Return the path of the processed table that the predictions are of.

    Raises:
        DataError: It is not found (code `processed_table_not_found`).
    """
    path = find_processed(sha256, [data] if data else [config.paths.cleaned, config.paths.cleaned.parent])
    if path is None:
        raise DataError(
            f'The processed table of the predictions (sha256 {sha256[:12]}…) is not "{data or config.paths.cleaned}" '
            "nor beside it; give its path with --data, or train again.",
            code="processed_table_not_found",
        )
    return path


def _groups(result: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for grouping in result["groupings"]:
        for group in grouping["groups"]:
            yield grouping, group


def _named(grouping: Mapping[str, Any], group: Mapping[str, Any]) -> str:
    return f"{grouping['name']} {group['group']}"


def _drawn(result: Mapping[str, Any]) -> RenderableType:
    """Show the groups of each grouping, what differs, and what was left out."""
    bases = printable(", ".join(f"{count:,} {basis.replace('_', ' ')}" for basis, count in result["bases"].items()))
    parts: list[RenderableType] = [Text(f"{result['sales']:,} sales predicted unseen: {bases}.")]
    for grouping in result["groupings"]:
        parts += [_table(grouping, result["all"]), *_notes(grouping)]
    verdict = {FAILED: "FAILED", NOT_JUDGED: "not judged: too few sales to compare groups"}.get(
        result["verdict"], "passed"
    )
    parts.append(Text(f"Verdict: {verdict}", "bold red" if verdict == "FAILED" else "bold"))
    return Group(*parts)


def _table(grouping: Mapping[str, Any], everything: Mapping[str, Any]) -> Table:
    table = Table(
        title=Text(f"By {printable(grouping['name'])}", "italic"),
        box=box.SIMPLE_HEAD,
        title_justify="left",
        padding=(0, 1, 0, 0),
    )
    table.add_column("group", overflow="fold")
    for heading in ("sales", "median ratio", "bias", "P15L", "P15H", "COD", "covered", "width", "detectable"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for group in grouping["groups"]:
        found = f"{group['detectable_bias']:.1%}" if "detectable_bias" in group else "–"
        word, style = OUTCOMES.get(group["outcome"], ("passed", "green"))
        table.add_row(Text(printable(group["group"], LONGEST_NAME)), *_cells(group), found, Text(word, style))
    table.add_row("all sales", *_cells(everything), "", "", style="dim")
    return table


def _cells(group: Mapping[str, Any]) -> list[str]:
    low, high = group["median_ratio_ci95"]
    return [
        f"{group['sales']:,}",
        f"{group['median_ratio']:.3f} ({low:.3f}–{high:.3f})",
        f"{round(group['bias_log'], 3) + 0.0:+.1%}",
        *(f"{group[name]:.1%}" for name in ("p15_low", "p15_high")),
        f"{group['cod']:.1f}",
        *(f"{group[name]:.0%}" for name in ("coverage", "mean_relative_width")),
    ]


def _notes(grouping: Mapping[str, Any]) -> Iterator[Text]:
    for group in grouping["groups"]:
        for name, one in group["compared"].items():
            if one["outcome"] in (FAILED, DIFFERS):
                low, high = one["ci95"]
                value = one["difference"] if "difference" in one else one["ratio"]
                word, style = OUTCOMES[one["outcome"]]
                name_of_group = printable(group["group"], LONGEST_NAME)
                beside = "beyond" if one["outcome"] == FAILED else "within"
                yield Text(
                    f"{word}: {name_of_group}: {WORDS[name]} {value:+.1%} against all other sales ({low:+.1%} to "
                    f"{high:+.1%}, p {one['p_value']:.2g}), {beside} the limit of {one['limit']:.1%}", style,
                )  # fmt: skip
    if units := grouping.get("units"):
        yield Text(f"Chance was judged by exchanging the groups of {units['count']:,} {UNITS[units['kind']]}.")
    if count := grouping.get("sales_without_group"):
        shown = printable(", ".join(grouping.get("some_keys_without_group", [])), LONGEST_NAME)
        yield Text(
            f"{count:,} sales have no group and were left out{f', such as those of {shown}' if shown else ''}.",
            "yellow",
        )
    for name, words in (
        ("rows_without_key", "rows of the table have no key"),
        ("rows_without_group", "rows of the table have no group"),
        ("keys_without_sales", "keys of the table have no sale here"),
    ):
        if count := grouping.get(name):
            yield Text(f"{count:,} {words}.")
    if len(grouping["groups"]) > _MANY:
        yield Text(
            f"{len(grouping['groups']):,} groups are many: the more there are, the larger a difference must be.",
            "yellow",
        )
