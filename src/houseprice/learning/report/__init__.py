"""Judged model in, one self-contained HTML file out: what a number hides, for people.

`render` is pure: no file, no clock, no network; the same model and table give the same bytes. Each module beside this
one tells one part, in the order in which they are read:

    gates          the verdict, and what was demanded
    measures       honest numbers with their bounds, and the baselines
    interval       whether the price interval keeps its promise, everywhere
    residuals      errors over price, time and place (maps)
    importance     what the answers rest on
    dependence     what would be answered if one thing were otherwise (changed), and the market by month (market)
    slices         whom it is wrong about
    worst          the dozen worst sales with their story (story)
    quality        what the data are like
    limits         what the model is not for

Below them: markup (HTML that is escaped), style (colours and CSS), figure (matplotlib's SVG in the page's colours),
newest (the held-out sales that all look at).
"""

from collections.abc import Mapping
from typing import Any

from houseprice.config import Config
from houseprice.learning.evaluation import Evaluation
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.gates import Verdict
from houseprice.learning.report import (
    dependence,
    gates,
    importance,
    interval,
    limits,
    measures,
    residuals,
    slices,
    worst,
)
from houseprice.learning.report import (
    quality as data,
)
from houseprice.learning.report.holdout import Newest
from houseprice.learning.report.markup import Html, element, join
from houseprice.learning.report.style import css
from houseprice.learning.report.what_if import Question

NAME = "model_report.html"
POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # a browser that keeps it fetches nothing and runs nothing


def render(
    evaluation: Evaluation,
    table: FeatureTable,
    verdict: Verdict,
    config: Config,
    quality: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the report as one HTML file, UTF-8.

    `quality` is the report that cleaning wrote beside the processed table, where it is at hand.
    """
    newest = Newest(evaluation, table, config)
    question = Question(newest)
    measured = importance.measure(question)
    sections = [
        gates.tell(verdict),
        measures.tell(newest),
        interval.tell(newest),
        residuals.tell(newest),
        importance.tell(newest, measured),
        dependence.tell(question, measured),
        slices.tell(newest),
        worst.tell(question),
        data.tell(question, quality),
        limits.tell(newest),
    ]
    links = (element("li", element("a", section.title, href=f"#{section.anchor}")) for section in sections)
    title = f"{config.project.name}: report on the trained model"
    page = element(
        "html",
        element(
            "head",
            Html('<meta charset="utf-8">'),
            element("meta", http_equiv="Content-Security-Policy", content=POLICY),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("title", title),
            element("style", Html(css())),
        ),
        element(
            "body",
            element(
                "header",
                element("h1", title),
                measures.headline(newest, verdict),
                element("nav", element("ul", *links), aria_label="Parts of this report"),
            ),
            element("main", *(section.write() for section in sections)),
            element("footer", join([_origin(newest)])),
        ),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{page}\n".encode()


def _origin(newest: Newest) -> str:
    table = newest.table
    return f"Made from the feature table {table.sha256} and the processed table {table.processed_sha256} (sha256)."
