"""The report on a trained model: one self-contained HTML file for people.

`render` is pure: no file, no clock, no network; the same model and table give the same bytes. Modules compute values
and figures, templates/ holds the page: report.html and one partial per section; html_report the style sheet and macros.

    performance    metrics with confidence intervals, and the baselines
    interval       coverage, calibration and width of the prediction interval
    hit_rate       errors among the houses that the model is surest of
    residuals      errors by price and time; maps by location; errors of neighbours (neighbours)
    importance     permutation importance and the trees' gain
    dependence     partial dependence; the market trend (market) and one house at many locations (location_map)
    slices         metrics by kind of house
    worst          the sales with the largest errors, each with its diagnosis
    quality        training and held-out data side by side
    holdout        the held-out sales that every section reads; what_if predicts them with columns changed
    figure         matplotlib's SVG in the page's colours; rendering is the Jinja2 environment
"""

from collections.abc import Mapping
from typing import Any

from houseprice.bundle.model_card import autocorrelation_in_words, hidden_by_protocol, sample_in_words
from houseprice.bundle.noise_floor import near_twins_in_words, noise_floor_in_words
from houseprice.config import Config
from houseprice.learning.evaluation import Evaluation
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.report.dependence import SAMPLE, dependence_figures
from houseprice.learning.report.hit_rate import hit_rate
from houseprice.learning.report.holdout import Holdout
from houseprice.learning.report.importance import importance_figures, permutation_importance
from houseprice.learning.report.interval import interval
from houseprice.learning.report.location_map import location_map
from houseprice.learning.report.maps import error_maps
from houseprice.learning.report.market import market_trend
from houseprice.learning.report.neighbours import neighbour_figures
from houseprice.learning.report.performance import METRICS, performance
from houseprice.learning.report.quality import column_summaries
from houseprice.learning.report.rendering import render_template
from houseprice.learning.report.residuals import residual_figures
from houseprice.learning.report.slices import by_kind
from houseprice.learning.report.what_if import WhatIf
from houseprice.learning.report.worst import largest_errors
from houseprice.learning.verdict import Verdict
from houseprice.schema import currency_in_words

NAME = "model_report.html"
SECTIONS = {  # template → title, in the order of the page
    "gates": "Verdict and gates",
    "performance": "Performance",
    "interval": "Prediction interval",
    "hit-rate": "Hit rate",
    "residuals": "Errors by price, time and location",
    "importance": "Feature importance",
    "dependence": "Partial dependence",
    "slices": "Performance by slice",
    "worst": "Largest errors",
    "quality": "Data quality",
    "limits": "Out-of-scope uses",
}


def render(
    evaluation: Evaluation,
    table: FeatureTable,
    verdict: Verdict,
    config: Config,
    quality: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the report as one HTML file, UTF-8.

    `quality` is the cleaning report that is written beside the processed table, where it is available.
    """
    holdout = Holdout(evaluation, table, config)
    what_if = WhatIf(holdout)
    importances = permutation_importance(what_if)
    return render_template(
        {
            "sections": SECTIONS,
            "definitions": METRICS,
            "config": config,
            "currency": currency_in_words(config.project.currency),
            "holdout": holdout,
            "hidden": hidden_by_protocol(evaluation.metrics["protocol"]),
            "sampled": sample_in_words(evaluation.metrics),
            "metrics": evaluation.metrics,
            "verdict": verdict,
            "performance": performance(holdout),
            "noise_floor": noise_floor_in_words(evaluation.metrics),
            "near_twins": near_twins_in_words(evaluation.metrics),
            "interval": interval(holdout),
            "hit_rate": hit_rate(holdout),
            "residuals": residual_figures(holdout),
            "neighbours": neighbour_figures(holdout),
            "autocorrelation": autocorrelation_in_words(evaluation.metrics["holdout"]["spatial_autocorrelation"]),
            "maps": error_maps(holdout),
            "importance": importance_figures(holdout, importances),
            "dependence": dependence_figures(what_if, importances),
            "dependence_sample": min(SAMPLE, len(holdout.rows)),
            "months_ahead": round(evaluation.model.trend_.last_month - evaluation.model.trend_.newest),
            "trend_and_location": [figure for figure in (market_trend(holdout), location_map(what_if)) if figure],
            "slices": by_kind(holdout),
            "sales": largest_errors(what_if),
            "cleaning": quality,
            "columns": column_summaries(what_if, None if quality is None else quality.get("blanks", {})),
        }
    )
