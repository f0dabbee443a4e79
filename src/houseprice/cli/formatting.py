"""What a run found in, something to read out: tables for a terminal and for the workflow's summary."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from houseprice.bundle.model_card import baseline_rows, hidden_by_protocol, sample_in_words
from houseprice.cli.evaluation_lines import evaluation_lines
from houseprice.config import Config
from houseprice.learning.gate_self_test import MutationResult
from houseprice.learning.gates import CHAMPION_GATE
from houseprice.learning.model_comparison import Comparison, NotComparable
from houseprice.learning.report import NAME as REPORT
from houseprice.learning.verdict import Gate, Verdict
from houseprice.pipeline import TrainingResult
from houseprice.schema import amount_in_words

DEFAULT_BUNDLE = Path("models/bundle")
SIDES = {
    "holdout": "newest, held out",
    "rolling_origin": "rolling origins",
    "grouped_folds": "grouped folds",
    "resold": "newest, resold",
}
MEASURES = {  # measure → heading, form
    "sales": ("sales", "{:,.0f}"),
    "log_rmse": ("log-RMSE", "{:.4f}"),
    "median_ape": ("median", "{:.1%}"),
    "within_10": ("≤ 10 %", "{:.1%}"),
    "mae": ("MAE", "price"),
    "cod": ("COD", "{:.1f}"),
    "prd": ("PRD", "{:.3f}"),
    "prb": ("PRB", "{:+.3f}"),
}


def processed(report: Mapping[str, Any], output: Path) -> str:
    """Say how many rows were kept, and why the others were not."""
    lines = [f"{report['rows_kept']:,} of {report['rows_read']:,} rows kept: {output}"]
    lines += [f"  {_decision(note)}" for note in report["file"] if note["verdict"] != "certain" or not note["key"]]
    lines += [f"  {count:,} rejected: {reason}" for reason, count in report["reasons"].items()]
    blanked = [f"  {cells['count']:,} blanked: {cells['reason']}" for cells in report["blanked"]]
    lines += dict.fromkeys(blanked)  # a place is two columns, and one line
    lines += [f"  excluded: {name}: {reason}" for name, reason in report["excluded_columns"].items()]
    if report["empty_columns"]:
        lines.append(f"  without any value, so that nothing is learned from them: {', '.join(report['empty_columns'])}")
    if report["ignored_columns"]:
        lines.append(f"  ignored columns, not declared: {', '.join(report['ignored_columns'])}")
    for reason in report["leaking_columns"].values():
        lines.append(f"  holds the price; no feature may be made of it: {reason}")
    if report["rows_rejected"]:
        lines.append(f"  rejected rows with their reasons: {output.with_name(f'{output.stem}_rejected.csv')}")
    return "\n".join(lines)


def _decision(note: Mapping[str, Any]) -> str:
    """Say what was decided about the file that might be otherwise, or was left out of it."""
    key = f"data.file.{note['key']} = {note['value']!r}, {note['verdict']}: " if note["key"] else ""
    return f"{key}{note['reason']}"


def numbers(metrics: Mapping[str, Any]) -> Table:
    """Show every honest number, and the baselines below."""
    table = Table(title="Evaluation", box=box.SIMPLE_HEAD, title_justify="left", padding=0)
    table.add_column("evaluated on", no_wrap=True)
    for heading, _ in MEASURES.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for words, found in _rows(metrics):
        table.add_row(words, *found)
    return table


def _rows(metrics: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    sides = SIDES if metrics["protocol"]["kind"] == "time" else SIDES | {"holdout": "random houses, held out"}
    judged = [(words, metrics[side]) for side, words in sides.items() if side in metrics]
    judged += baseline_rows(metrics)
    return [
        (
            words,
            [
                amount_in_words(found[measure]) if form == "price" else form.format(found[measure])
                for measure, (_, form) in MEASURES.items()
            ],
        )
        for words, found in judged
    ]


def verdict(judged: Verdict) -> Table:
    """Show what each gate found and required."""
    table = Table(title="Gates", box=box.SIMPLE_HEAD, title_justify="left")
    for heading in ("gate", "found", "95 % interval", "required", "verdict"):
        table.add_column(heading)
    for gate in judged.gates:
        word = Text("FAILED", "bold red")
        if gate.passed:
            word = Text(f"skipped: {gate.detail}") if gate.skipped else Text(gate.outcome, "green")
        table.add_row(gate.name, _found(gate), _interval(gate), gate.required, word)
    return table


def _found(gate: Gate) -> str:
    return "–" if gate.found is None else f"{gate.found:.4g}"


def _interval(gate: Gate) -> str:
    return "{:.4g} to {:.4g}".format(*gate.interval) if gate.interval else ""


def self_test(unmutated: MutationResult, results: Sequence[MutationResult]) -> RenderableType:
    """Show the gates that each mutation failed, and the share of mutations that were caught."""
    table = Table(title="Mutation tests of the gates", box=box.SIMPLE_HEAD, title_justify="left", padding=0)
    for heading in ("mutation", "must fail", "failed"):
        table.add_column(heading)
    for result in results:
        found = Text(", ".join(result.failed) or "nothing", "" if result.caught else "red")
        told = Text(f"left out: {result.inapplicable}") if result.inapplicable else found
        table.add_row(result.mutation, result.gate, told)
    results = [result for result in results if not result.inapplicable]
    caught = sum(result.caught for result in results)
    without = f"without a mutation, {', '.join(unmutated.failed) or 'nothing'} failed"
    return Group(table, Text(f" {caught} of {len(results)} caught ({caught / len(results):.0%}); {without}", "bold"))


def trained(outcome: TrainingResult, config: Config) -> RenderableType:
    """Show the numbers, the verdict and where each file lies."""
    table = Table(title="Files", box=box.SIMPLE_HEAD, title_justify="left", show_header=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("model", str(outcome.model))
    table.add_row("bundle", str(outcome.bundle) if outcome.bundle else f"not written: {outcome.reason}")
    if outcome.is_apart:
        table.add_row("", "the model and the bundle before stay as they are")
    table.add_row("metrics", str(outcome.metrics_file))
    table.add_row("report", str(outcome.metrics_file.with_name(REPORT)))
    tracked = outcome.tracked
    aliases = ", ".join(tracked.aliases)
    table.add_row("MLflow", tracked.uri)
    table.add_row("run", tracked.run_id)
    table.add_row("registry", f"{config.tracking.registered_model} version {tracked.version} ({aliases})")
    found = "\n".join(f" {line}" for line in evaluation_lines(outcome.metrics, config.interval.coverage))
    sentences = hidden_by_protocol(outcome.metrics["protocol"]), sample_in_words(outcome.metrics)
    told = [Text(f" {sentence}\n") for sentence in sentences if sentence]
    return Group(numbers(outcome.metrics), Text(f"{found}\n"), *told, verdict(outcome.verdict), table)


def run(report: Mapping[str, Any], outcome: TrainingResult, config: Config) -> RenderableType:
    """Show the result of the whole pipeline, and the next command."""
    bundle = config.paths.models / "bundle"
    where = "" if bundle == DEFAULT_BUNDLE else f" BUNDLE={bundle}"
    following = (
        f"Next: `make serve{where}`, then open http://127.0.0.1:8000; or `make image smoke{where}`."
        if outcome.verdict.passed
        else "Next: see the failed gate above; nothing may be published."
    )
    return Group(
        Text(), Text(processed(report, config.paths.cleaned)), trained(outcome, config), Text(following, "bold")
    )


def retrained(report: Mapping[str, Any], outcome: TrainingResult, config: Config, live: str) -> RenderableType:
    """Show the result of a retraining, and whether the model in production was replaced."""
    added = report["additional_sales"]
    told = f"{added['rows_kept']:,} of {added['rows_read']:,} additional sales were added"
    grounds = [f"  {_told(comparison)}" for comparison in outcome.comparisons]
    end = f"The new model takes the place of {live}." if outcome.promoted else f"The model in production stays: {live}."
    lines = "\n".join([told, "Mean squared log error, new model less the one in production:", *grounds])
    shown = Text(processed(report, config.paths.cleaned))
    return Group(Text(), shown, trained(outcome, config), Text(lines), Text(end, "bold"))


def _told(comparison: Comparison | NotComparable) -> str:
    if isinstance(comparison, NotComparable):
        return f"not comparable: {comparison.reason}"
    words = "better" if comparison.promotes else "worse" if comparison.worse else "no difference beyond the noise"
    within = f"{comparison.difference:+.2e} (95 % within {comparison.low:+.2e} to {comparison.high:+.2e})"
    return f"{within} on {comparison.basis}: {words}"


def summary(outcome: TrainingResult, config: Config, *, must_beat_champion: bool = False) -> str:
    """Return the numbers and the verdict in Markdown; of a retraining also whether the champion was beaten."""
    headings = " | ".join(heading for heading, _ in MEASURES.values())
    lines = ["## Model", ""]
    if must_beat_champion:
        lines += [f"**{_outcome(outcome)}** Mean squared log error, new model less champion:", ""]
        lines += [f"- {_told(one)}" for one in outcome.comparisons] or ["- there is no champion to compare with"]
        lines.append("")
    lines += [f"| evaluated on | {headings} |", "| --- |" + " --- |" * len(MEASURES)]
    lines += [f"| {words} | {' | '.join(found)} |" for words, found in _rows(outcome.metrics)]
    lines += ["", *(f"- {line}" for line in evaluation_lines(outcome.metrics, config.interval.coverage))]
    lines += ["", "| gate | found | 95 % interval | required | verdict |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {gate.name} | {_found(gate)} | {_interval(gate)} | {gate.required} | "
        f"{gate.outcome if gate.passed else '**FAILED**'} |"
        for gate in outcome.verdict.gates
    ]
    lines += ["", f"Registered as {config.tracking.registered_model} version {outcome.tracked.version}.", ""]
    return "\n".join(lines)


def _outcome(outcome: TrainingResult) -> str:
    if outcome.promoted:
        return "The new model is better than the champion and takes its place."
    if [gate for gate in outcome.verdict.failed if gate.name != CHAMPION_GATE]:
        return "The new model failed a gate; the champion stays."
    return "The champion was not beaten and stays."


def append_to_summary(text: str) -> None:
    """Add Markdown to the workflow job's summary, where there is one."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)
