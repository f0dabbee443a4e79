"""What a sealed model says about itself in, its model card out: Markdown for people."""

from collections.abc import Mapping
from typing import Any


def render_model_card(said: Mapping[str, Any]) -> str:
    """Return the card of a model, from the parts of its manifest."""
    metrics, currency = said["metrics"], said["project"]["currency"]
    rows = [
        _line("newest sales, held out", metrics["holdout"]),
        _line("rolling origins", metrics["rolling_origin"]),
        _line("grouped folds", metrics["grouped_folds"]),
    ]
    if "resold" in metrics:
        rows.append(_line("newest sales of houses sold before", metrics["resold"]))
    rows += [_line(f"baseline: {name}, newest sales", found) for name, found in metrics["baselines"].items()]
    gates = [
        f"| {name} | {gate['found']:.4g} | {gate['required']} | {'passed' if gate['passed'] else 'RED'} |"
        for name, gate in said["verdict"].items()
    ]
    columns = said["schema"]["columns"]
    house = [
        f"| `{name}` | {column['kind']} | {column['unit'] or ''} | {'yes' if column['required'] else 'no'} | "
        f"{column['description']} |"
        for name, column in columns.items()
        if column["role"] not in ("target", "parcel")
    ]
    holdout = metrics["holdout"]
    return "\n".join(
        [
            f"# {said['project']['name']} {said['model_version']}",
            "",
            f"Predictions with the {said['functional']} price ({currency}) that a house would be sold for on a given day, and "
            f"an interval made to hold {said['coverage']:.0%} of prices.",
            "",
            "## Intended use",
            "A first estimate for single houses of the area and the years that the data cover. It does not replace an "
            "appraisal, and it must not decide alone about a loan, a tax or a tenancy.",
            "",
            "## Data and protocol",
            f"{metrics['sides']['train']:,} sales up to {metrics['newest_training_date']} were learned from; "
            f"{metrics['sides']['holdout']:,} sales from {metrics['first_holdout_date']} on were held out and opened once. "
            f"The published model was then fitted anew on {said['fitted_on']}; the numbers are of the one before. "
            "Sales of one parcel never stand on both sides. Outside the range learned from, an answer carries a warning.",
            "",
            "## Numbers",
            "| sales | n | log-RMSE | median error | within 10 % | COD | PRD | PRB |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |",
            *rows,
            "",
            f"The interval held {holdout['coverage']:.1%} of the newest prices; its mean width is "
            f"{holdout['mean_relative_width']:.0%} of the answer. The mean price is the median times "
            f"{said['smearing_factor']:.4f}.",
            "",
            "## Gates",
            "| gate | found | required | verdict |",
            "| --- | --- | --- | --- |",
            *gates,
            "",
            "## What it takes",
            "| column | kind | unit | required | meaning |",
            "| --- | --- | --- | --- | --- |",
            *house,
            "",
            "## Limits and fairness",
            "PRD above 1.03 or PRB below −0.05 would mean that dear houses are answered too low against cheap ones. Past "
            "prices carry the choices and the discrimination of their market; a model of them repeats both. Houses that "
            "were bought to be improved and sold again are answered far too low: the data do not progress of the work.",
            "",
            "## Origin",
            *(f"- {name}: `{value}`" for name, value in said["hashes"].items()),
            "",
        ]
    )


def _line(name: str, found: Mapping[str, float]) -> str:
    return (
        f"| {name} | {found['sales']:,} | {found['log_rmse']:.4f} | {found['median_ape']:.1%} | {found['within_10']:.1%} "
        f"| {found['cod']:.1f} | {found['prd']:.3f} | {found['prb']:+.3f} |"
    )
