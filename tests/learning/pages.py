"""Reports for tests: a model of made houses whose names try to break out of the markup, and an HTML parser."""

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import numpy as np
import polars as pl
import yaml

from houseprice.config import Config
from houseprice.learning import feature_table, gates, report
from houseprice.learning.evaluation import Evaluation, evaluate
from houseprice.learning.features import Preprocessor, engineer
from houseprice.learning.verdict import Verdict
from pipeline import quick_config

VOID = {"meta", "br", "hr", "link", "img", "input"}
EVIL = '<script>alert("1")</script> & $a$ \x08'
SECTIONS = [
    "Verdict and gates",
    "Performance",
    "Prediction interval",
    "Hit rate",
    "Errors by price, time and location",
    "Feature importance",
    "Partial dependence",
    "Performance by slice",
    "Largest errors",
    "Data quality",
    "Out-of-scope uses",
]
COLUMNS: dict[str, dict[str, Any]] = {
    "plot": {"kind": "category", "role": "parcel"},
    "day": {"kind": "date", "role": "sale_date", "known": "at_sale"},
    "paid": {"kind": "number", "role": "target", "known": "at_sale"},
    "si'ze <i>": {"kind": "number", "role": "living_area", "unit": "m² <u>"},
    "built": {"kind": "integer", "role": "year_built"},
    "lift": {"kind": "flag"},
    "place": {"kind": "category", "role": "location"},
    "east": {"kind": "number", "role": "longitude"},
    "north": {"kind": "number", "role": "latitude"},
}
QUALITY = {
    "rows_read": 420,
    "rows_kept": 400,
    "rows_rejected": 20,
    "reasons": {f"place: {EVIL}": 20},
    "ignored_columns": ["<b>"],
    "blanks": {"built": 7},
}


@dataclass(frozen=True)
class EvaluatedModel:
    """The arguments of `render`, and what they were made from."""

    evaluation: Evaluation
    table: feature_table.FeatureTable
    verdict: Verdict
    config: Config
    sales: pl.DataFrame
    preprocessor: Preprocessor

    def page(self, **more: Any) -> str:
        """Return the report as text."""
        return report.render(self.evaluation, self.table, self.verdict, self.config, **more).decode()


class Page(HTMLParser):
    """Parses a page, and checks that every element is closed where it must be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element."""
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Record a text and the element that contains it."""
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element with a tag."""
        return [attributes for found, attributes in self.seen if found == tag]

    def text(self, tag: str) -> list[str]:
        """Return the texts directly inside elements with a tag."""
        return [text for found, text in self.texts if found == tag]


def evaluate_made_houses(text: str, leave_out: tuple[str, ...] = (), derived: tuple[str, ...] = ()) -> EvaluatedModel:
    """Train a small model on made houses with some of the columns, and evaluate it."""
    draw = np.random.default_rng(3)
    count = 400
    size, built = draw.uniform(40, 250, count).round(), draw.integers(1900, 2014, count)
    east, north = draw.uniform(9, 10, count), draw.uniform(53, 54, count)
    places = np.array(["old town", EVIL.replace("\x08", ""), "“Öst”"])[(3 * (north - 53)).astype(int)]
    lift = draw.integers(0, 2, count)
    log = 8 + 0.8 * np.log(size) + 0.1 * lift + (north - 53) + draw.normal(0, 0.15, count)
    sales = pl.DataFrame(
        {
            "plot": [str(number % 390) for number in range(count)],
            "day": pl.Series(np.arange(count) + 16000).cast(pl.Int32).cast(pl.Date),
            "paid": np.exp(log), "si'ze <i>": size, "built": built, "lift": lift, "place": places, "east": east,
            "north": north,
        }
    ).drop(*leave_out)  # fmt: skip
    settings = yaml.safe_load(quick_config(text))
    settings["data"]["columns"] = {
        name: {"description": f"What {name} is", **column} for name, column in COLUMNS.items() if name not in leave_out
    }
    settings["features"]["derived"] = list(derived)
    settings["split"] |= {"holdout_share": 0.45}  # enough for slices
    settings["training"]["boosting"] |= {"iterations": 15, "depth": 3, "feature_fraction": 1.0}
    settings["training"]["kernel_ridge"] |= {
        "centres": 20,
        "columns": {"si'ze <i>": {"transform": "log"}},
        "categories": [] if "place" in leave_out else ["place"],
        "additional_kernels": [],
    }
    config = Config.model_validate(settings)
    made, preprocessor = engineer(sales, config.schema_, config.derived, config.split)
    features = feature_table.parse(feature_table.write(made, "0" * 64), "made.csv", config.schema_)
    evaluation = evaluate(features, config, lambda what, done, of: None)
    verdict = gates.check_metrics(evaluation.metrics, config)
    return EvaluatedModel(evaluation, features, verdict, config, sales, preprocessor)
