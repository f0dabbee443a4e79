"""Everything that was learned in, one verdict out: numbers, probes for leaks, the champion, the sealed model."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from houseprice.bundle.export import compare
from houseprice.bundle.load import Model
from houseprice.bundle.manifest import MODEL
from houseprice.config import Config
from houseprice.errors import DataError
from houseprice.learning import gates, leakage, model_comparison
from houseprice.learning.evaluation import Evaluation
from houseprice.learning.feature_table import FeatureTable
from houseprice.learning.features import Preprocessor, columns_of, engineer
from houseprice.learning.gates import Gate, Verdict
from houseprice.learning.processing import CleanTable
from houseprice.learning.training import PriceModel

Make = Callable[[pl.DataFrame], tuple[pl.DataFrame, Preprocessor]]
"""Processed sales in, feature table and fitted preprocessor out."""


@dataclass(frozen=True)
class Source:
    """The processed sales that a feature table was made from, and the preprocessor that made it."""

    sales: pl.DataFrame
    preprocessor: Preprocessor


def judge(
    table: FeatureTable,
    evaluation: Evaluation,
    config: Config,
    source: Source | None,
    rival: model_comparison.Comparison | None,
) -> Verdict:
    """Give back the verdict on what was learned, before it is exported."""
    found = probe(table, config, source)
    return gates.judge(evaluation.metrics, config.gates).with_gates(
        *gates.judge_sides(table, config.gates),
        gates.judge_leaks(found, config.gates),
        *gates.judge_champion(rival),
    )


def against_champion(evaluation: Evaluation, before: bytes | None) -> model_comparison.Comparison | None:
    """Compare with the champion by the CSV of its out-of-fold errors; None where nothing can be compared."""
    if before is None:
        return None
    return model_comparison.compare(evaluation.out_of_fold, pl.read_csv(before, schema_overrides={"parcel": pl.String}))


def probe(table: FeatureTable, config: Config, source: Source | None, make: Make | None = None) -> list[leakage.Leak]:
    """Give back every leak that the structure of the data shows; without their source, only the table is probed."""
    schema, rules = table.schema, config.gates.leaks
    numbers = leakage.numbers(table.features, set())
    found = leakage.known_too_late(schema, table.features.columns)
    found += leakage.reconstructions(numbers, table.prices, rules.min_spread)
    if source is None:
        return found
    names = table.features.columns

    def anew(sales: pl.DataFrame) -> pl.DataFrame:
        again = make or (lambda rows: engineer(rows, schema, config.features.derived, config.split.holdout_share))
        return again(sales)[0].select(names)

    raw = leakage.numbers(source.sales, {schema.target, schema.parcel, schema.sale_date})
    found += leakage.reconstructions(raw, source.sales[schema.target].cast(pl.Float64).to_numpy(), rules.min_spread)
    found += leakage.depends_on_target(source.sales, schema, anew)
    found += leakage.needs_more_than_request(source.sales, schema, table.features, source.preprocessor.transform)
    seen: dict[str, leakage.Leak] = {}
    for leak in found:
        seen.setdefault(leak.column, leak)
    return list(seen.values())


def judge_bundle(content: dict[str, bytes], source: Source, model: PriceModel, config: Config) -> tuple[Gate, ...]:
    """Judge the exported graph against the trained pair, on every row of the sales."""
    sealed = Model(content[MODEL])
    columns = columns_of(source.sales, source.preprocessor.schema)
    expected = model.predict_interval(source.preprocessor.transform(source.sales))
    limit = config.bundle.max_relative_difference
    worst = compare(sealed, columns, expected, limit)
    one = {name: values[:1] for name, values in columns.items()}
    return gates.judge_sealed(sealed, one, len(content[MODEL]), worst, limit, config.gates)


def probe_raw(cleaned: CleanTable, config: Config) -> None:
    """Check that the price cannot be worked out from the raw table's columns, declared or not.

    Raises:
        DataError: it can, from a column that is not waived with a reason.
    """
    schema, rules = config.schema_, config.gates.leaks
    columns = leakage.numbers(cleaned.undeclared, set())
    columns |= leakage.numbers(cleaned.sales, {schema.target, schema.parcel, schema.sale_date})
    prices = cleaned.sales[schema.target].cast(pl.Float64).to_numpy()
    if found := leakage.unwaived(leakage.reconstructions(columns, prices, rules.min_spread), rules.waivers):
        names = ", ".join(f'"{leak.column}"' for leak in found)
        raise DataError(
            f"The price can be worked out from the raw table ({'; '.join(leak.reason for leak in found)}); expected "
            f"columns that are known before a sale; take out {names}, or waive it with a reason in gates.leaks.waivers."
        )
