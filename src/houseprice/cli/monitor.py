"""Commands that watch a model in production: `monitor`, and `monitor report`."""

import json
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Group as Parts
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from houseprice.atomic_io import check_files, write_atomically
from houseprice.bundle import manifest as manifests
from houseprice.cli.common_options import bundle_option, json_option, store_option
from houseprice.cli.console import draw
from houseprice.errors import GateError
from houseprice.metrics import Estimate
from houseprice.monitoring.monitor import Monitor
from houseprice.production_data import monitor_store, profile_of
from houseprice.store import open_store

MEASURES = (("median error", "median_ape"), ("≤ 10 %", "within_10"), ("bias", "bias"), ("in the interval", "coverage"))
_bundle = bundle_option("Bundle of the model in production.")
_strict = click.option("--strict", is_flag=True, help="Exit with code 6 when an alarm is raised.")


@click.group(invoke_without_command=True)
@store_option
@_bundle
@json_option
@_strict
@click.pass_context
def monitor(ctx: click.Context, url: str, bundle: Path, as_json: bool, strict: bool) -> None:
    """Show realised errors and alarms of the model in production.

    Every figure has its 95 % interval and the number of sales behind it. Alarms may be looked at every day: at most one
    false one is expected in ten years.

    Example: houseprice monitor --store sqlite:///predictions.db
    """
    ctx.obj = {"found": (found := _monitor(url, bundle)), "bundle": bundle, "as_json": as_json, "strict": strict}
    if ctx.invoked_subcommand is None:
        _show(found.as_dict(), as_json, _summary(found))
        _check_alarms(found, strict=strict)


@monitor.command()
@click.option("--output", type=click.Path(path_type=Path), default=Path("reports/monitor.html"), help="Page to write.")
@json_option
@_strict
@click.pass_obj
def report(about: dict[str, Any], output: Path, as_json: bool, strict: bool) -> None:
    """Write everything that is known as one HTML page.

    Example: houseprice monitor --store sqlite:///predictions.db report --output monitor.html
    """
    from houseprice.monitoring.report import render  # with Jinja2

    found: Monitor = about["found"]
    check_files(output)
    manifest = manifests.read((about["bundle"] / manifests.NAME).read_bytes(), about["bundle"])
    write_atomically({output: render(found, manifest.project["name"])})
    told = f"{found.predictions:,} predictions, {_labelled(found):,} with a price paid: {output}"
    _show(found.as_dict(), as_json or about["as_json"], Text(told))
    _check_alarms(found, strict=strict or about["strict"])


def _monitor(url: str, bundle: Path) -> Monitor:
    profile = profile_of(bundle)
    store = open_store(url)
    try:
        return monitor_store(store, profile)
    finally:
        store.close()


def _show(found: dict[str, Any], as_json: bool, drawn: RenderableType) -> None:
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        draw(drawn)


def _check_alarms(found: Monitor, *, strict: bool) -> None:
    if strict and found.raised:
        names = [f"{alarm.name} {alarm.about}".strip() for alarm in found.raised]
        raise GateError(
            f"Alarms are raised: {', '.join(names)}; docs/operations.md says what to do about each.",
            code="alarm_raised",
            alarms=names,
        )


def _labelled(found: Monitor) -> int:
    return found.errors.sales if found.errors else 0


def _summary(found: Monitor) -> RenderableType:
    """Show the errors by month of sale, and the alarms that are raised."""
    span = f", {found.first_day} to {found.last_day}" if found.first_day else ""
    model = f"Model {found.profile.model_version}: {found.predictions:,} predictions, {_labelled(found):,} sales{span}"
    parts: list[RenderableType] = [Text(model, "bold")]
    if found.errors:
        table = Table(title="Realised errors", box=box.SIMPLE_HEAD, title_justify="left", padding=0)
        for heading in ("sold in", "sales", *(heading for heading, _ in MEASURES)):
            table.add_column(heading, justify="left" if heading == "sold in" else "right", no_wrap=True)
        for name, errors in [("all", found.errors), *((group.name, group.errors) for group in found.months)]:
            if errors:
                table.add_row(name, f"{errors.sales:,}", *(_percent(getattr(errors, one)) for _, one in MEASURES))
        parts.append(table)
    for alarm in found.raised:
        about = f" {alarm.about}" if alarm.about else ""
        parts.append(Text(f"ALARM {alarm.name}{about}, {alarm.raised_on}: {alarm.detail}", "bold red"))
    parts.append(Text(f"{len(found.raised)} of {len(found.alarms)} alarms are raised."))
    return Parts(*parts)


def _percent(found: Estimate) -> str:
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"
