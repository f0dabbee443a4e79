"""Newest sales in, what the model is not for out."""

from houseprice.learning.report.holdout import Newest
from houseprice.learning.report.markup import Section, items


def tell(newest: Newest) -> Section:
    """Return the section on limits."""
    metrics, config = newest.evaluation.metrics, newest.config
    found = metrics["holdout"]
    texts = newest.texts("location")
    places = f" of the {len(set(texts[newest.train].tolist())):,} places" if texts is not None else " of the area"
    newest_day = metrics["newest_date"] if config.training.refit else metrics["newest_training_date"]
    learned = newest.table.prices[newest.train]
    said = [
        "To decide alone about a loan, a tax or a tenancy, or in place of an appraisal: half of the answers are more "
        f"than {found['median_ape']:.0%} off, and one in five more than {_fifth(newest):.0%}.",
        f"For houses outside{places} that it learned from, or far from prices between {learned.min():,.0f} and "
        f"{learned.max():,.0f}.",
        f"For days long after {newest_day}: the trend of the market is carried on for "
        f"{config.training.trend.horizon_months:g} months and then held.",
        f"To show that a price is fair: PRD is {found['prd']:.3f} and PRB {found['prb']:+.3f}".replace("-", "−")
        + "; past prices carry the choices and the discrimination of their market, and a model of them repeats both.",
        "To explain why a house costs what it does: what is shown above is about the model, and a column that it leans "
        "on may only stand in for others that nobody wrote down.",
    ]
    if "resold" in metrics:
        low = metrics["resold"]["bias_log"]
        said.insert(
            3,
            f"For houses that were bought, improved and sold again: {metrics['resold']['sales']:,} of the newest sales "
            f"were of houses sold before, and were answered {abs(low):.0%} too {'low' if low < 0 else 'high'} on the "
            "whole; the data do not tell of the work.",
        )
    return Section(
        "What this model is not for",
        "An answer is a first estimate for a house of the area and the years that the data cover; it is not for what "
        "follows.",
        items(said),
    )


def _fifth(newest: Newest) -> float:
    """Return the error that a fifth of the newest sales exceeds."""
    ordered = sorted(abs(newest.error).tolist())
    return float(ordered[min(int(0.8 * len(ordered)), len(ordered) - 1)])
