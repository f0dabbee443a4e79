"""Made sales of other markets, and the shortest configurations that fit them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from houseprice import pipeline
from houseprice.bundle.load import open_bundle
from houseprice.config import load
from houseprice.serving import startup
from houseprice.serving.explain.comparables import ComparableFinder
from houseprice.serving.explain.shapley import Explainer
from houseprice.serving.scorer import Scorer
from pipeline import Pipeline

Road = Callable[..., Pipeline]
COLUMNS: dict[str, dict[str, Any]] = {
    "finca": {"kind": "category", "role": "parcel"},
    "vendida": {"kind": "date", "role": "sale_date", "known": "at_sale"},
    "precio": {"kind": "number", "role": "target", "known": "at_sale", "unit": "EUR"},
    "superficie": {"kind": "number", "role": "living_area", "unit": "m²"},
    "parcela": {"kind": "number", "role": "lot_area", "unit": "m²", "required": False},
    "dormitorios": {"kind": "integer", "role": "bedrooms", "required": False},
    "construida": {"kind": "integer", "role": "year_built", "required": False},
    "ascensor": {"kind": "flag", "required": False},
    "estado": {"kind": "ordinal", "role": "quality", "levels": ["malo", "regular", "bueno"], "required": False},
    "barrio": {"kind": "category", "role": "location", "required": False},
    "calle": {"kind": "category", "role": "address", "required": False},
    "norte": {"kind": "number", "role": "latitude", "unit": "degrees", "required": False},
    "este": {"kind": "number", "role": "longitude", "unit": "degrees", "required": False},
}


def sales(count: int = 240, days: int = 700, seed: int = 1) -> pl.DataFrame:
    """Return so many sales over so many days, with prices that hang together, as texts."""
    draw = np.random.default_rng(seed)
    area, north, east = draw.uniform(40, 250, count), draw.uniform(39.4, 39.6, count), draw.uniform(-0.5, -0.3, count)
    place, state = draw.integers(0, 6, count), draw.integers(0, 3, count)
    day = np.sort(draw.integers(0, days, count)) + 18_000
    log = 8 + 0.8 * np.log(area) + 0.1 * place + 0.15 * state + 2 * (north - 39.5) + draw.normal(0, 0.12, count)
    values: dict[str, Iterable[Any]] = {
        "finca": [f"F{number % (count - 5)}" for number in range(count)],
        "vendida": day.astype("datetime64[D]").astype(str).tolist(),
        "precio": np.exp(log).round(2).tolist(),
        "superficie": area.round(1).tolist(),
        "parcela": (area * draw.uniform(1, 5, count)).round().tolist(),
        "dormitorios": draw.integers(1, 6, count).tolist(),
        "construida": draw.integers(1920, 2015, count).tolist(),
        "ascensor": np.where(draw.random(count) < 0.5, "sí", "no").tolist(),
        "estado": np.array(["malo", "regular", "bueno"])[state].tolist(),
        "barrio": [f"barrio {number}" for number in place],
        "calle": [f"Calle {number % 200}" for number in range(count)],
        "norte": north.round(5).tolist(),
        "este": east.round(5).tolist(),
    }
    table = pl.DataFrame({name: [str(value) for value in column] for name, column in values.items()})
    return table.with_columns(pl.col("ascensor").replace({"sí": "yes"}))


def blank(table: pl.DataFrame, share: float, keep: Iterable[str] = ("precio",), seed: int = 2) -> pl.DataFrame:
    """Return the sales with that share of the cells of every column but some left blank."""
    draw = np.random.default_rng(seed)
    masks = {name: pl.Series(draw.random(table.height) < share) for name in table.columns if name not in set(keep)}
    return table.with_columns(
        pl.when(mask).then(None).otherwise(pl.col(name)).alias(name) for name, mask in masks.items()
    )


def configuration(columns: Iterable[str], **more: Any) -> dict[str, Any]:
    """Return a configuration of the project and of some columns, with the smallest model that is one."""
    declared = {name: {"description": f"What {name} is", **COLUMNS.get(name, {"kind": "number", "required": False})}
                for name in columns}  # fmt: skip
    training = {
        "seed": 0, "threads": 2, "ridge_alpha": 10.0, "tree_share": 0.6, "linear_share": 0.1, "blend_slope": 1.02,
        "time_in_trees": False, "text_pairs": [], "target_encoding_weight": 10.0, "trend": {"horizon_months": 3},
        "robust_weights": {"scale": 3.0, "centres": 20},
        "boosting": {"iterations": 40, "learning_rate": 0.2, "depth": 4},
        "kernel_ridge": {
            "centres": 30, "penalty": 0.2, "inverse_lengthscale": 0.1,
            "columns": {name: {} for name, column in declared.items()
                        if column["kind"] in ("number", "integer") and column.get("role") != "target"},
            "categories": [name for name in ("barrio",) if name in declared],
        },
    }  # fmt: skip
    return {
        "project": {"name": "otro-mercado", "currency": "EUR"},
        "data": {"columns": declared},
        "split": {"folds": 3, "origins": 2},
        "training": training,
        "tracking": {"retries": 2, "retry_seconds": 0.1},
        **more,
    }


def run(home: Path, table: pl.DataFrame, settings: dict[str, Any]) -> Pipeline:
    """Run the whole pipeline on some sales, in a folder of its own."""
    raw, config_file = home / "raw.csv", home / "config.yaml"
    table.write_csv(raw)
    config_file.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
    config = load(config_file)
    cleaned, featured, models, reports = home / "cleaned.csv", home / "featured.csv", home / "models", home / "reports"
    pipeline.process(config, raw, cleaned)
    pipeline.make_features(config, cleaned, featured, models / "trained" / "preprocessor.pkl")
    trained = pipeline.train(config, featured, models, reports, None, lambda what, done, of: None)
    return Pipeline(raw, config_file, config, cleaned, featured, models, reports, trained)


def served(pipe: Pipeline) -> dict[str, Any]:
    """Return the predictions of the bundle for its first golden row: price, explanation and comparables."""
    folder = pipe.trained.bundle
    assert folder is not None, pipe.trained.reason
    assert startup.refusal(folder, allow_red=True) is None
    bundle = open_bundle(folder)
    scorer = Scorer(bundle)
    house = scorer.request.validate(bundle.golden["rows"][:1])[0]
    (prediction,) = scorer.score([house])
    explanation = Explainer(bundle, scorer.request).explain(house)
    comparables = ComparableFinder(bundle).find(house)
    assert prediction.prediction_interval[0] < prediction.predicted_price < prediction.prediction_interval[1]
    assert explanation.predicted_price == prediction.predicted_price
    assert explanation.valuation_date == comparables.valuation_date == prediction.valuation_date
    assert len(comparables.comparables) == 5
    return {"prediction": prediction, "comparables": comparables, "manifest": bundle.manifest, "card": bundle.card}
