"""Published protocols on King County, replayed with the product's own learner: our error beside the published one.

    python bench/literature.py                       # all of them, some minutes each on two cores
    python bench/literature.py --only grinsztajn asi
    python bench/literature.py --splits 1            # fewer splits than by default
    python bench/literature.py --catboost            # beside it CatBoost with its defaults on the same splits

Ours learns by the shipped configuration, and finds all hyperparameters on the sales that it learns from, anew for each
split, but once for ten folds. Published splits are drawn at random, sale by sale, so that some houses stand on both
sides; the error on the other houses stands beside ours. Answers are kept under `.cache/bench`. Ends with 1 when ours is
not below each published error.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

sys.path.append(str(Path(__file__).parent / "accuracy"))
from answers import answered
from learners import catboost, ours
from protocols import MEASURES, PROTOCOLS, Protocol
from sets import ROOT, Logs, SalesSet

from houseprice.config import Config, load
from houseprice.learning import csv_reader, processing
from houseprice.learning.features import Preprocessor
from houseprice.learning.splitting import days_of, houses_of

CONFIG = ROOT / "configs" / "model_config.yaml"
Answers = dict[int, Logs]


def main() -> None:
    """Replay what is asked for, print the table, and exit with 1 when ours is not below a published error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PROTOCOLS, default=[*PROTOCOLS])
    parser.add_argument("--splits", type=int, help="at most so many splits of each")
    parser.add_argument("--catboost", action="store_true", help="run CatBoost too; else only what it has answered")
    asked = parser.parse_args()
    lines, missed = [], False
    for name in asked.only:
        protocol = PROTOCOLS[name]
        line, met = table_line(protocol, list(replayed(protocol, asked.splits, peer=asked.catboost)))
        lines.append(line)
        missed |= not met
    head = ["protocol", "learned + judged", "measure", "published", "ours, mean ± sd (splits)", "other houses"]
    print(f"| {' | '.join([*head, 'CatBoost', 'met'])} |")
    print("| --- " * 8 + "|", *lines, "", *(f"{name}: {PROTOCOLS[name].differs}." for name in asked.only), sep="\n")
    sys.exit(int(missed))


def replayed(
    protocol: Protocol, most: int | None, *, peer: bool = False
) -> Iterator[tuple[SalesSet, Answers, Answers]]:
    """Yield each set of sales with the answers of ours, and of CatBoost with its defaults on the same splits.

    Answers are the logs of the predicted prices, by the number of the pair of rows.
    """
    for sales in sales_sets(protocol, most):
        count = min(len(sales.pairs), most or protocol.splits)
        found = answered("ours", ours, sales, count, fit=True)
        yield sales, found, answered("catboost", catboost, sales, count, fit=peer)


def sales_sets(protocol: Protocol, most: int | None = None) -> Iterator[SalesSet]:
    """Yield the sales with what is learned from and judged, features by a preprocessor of the former."""
    config = published_columns(load(CONFIG), protocol.hidden)
    schema, roles = config.schema_, config.schema_.roles()
    raw = csv_reader.read(ROOT / config.paths.raw, schema, config.data.file)
    sales = processing.clean(raw, schema, config.data).sales
    houses, days = houses_of(sales, schema), days_of(sales, schema)
    places = tuple(roles[role] for role in ("latitude", "longitude"))
    prices = sales[schema.target].cast(pl.Float64).to_numpy()
    for number, pairs in enumerate(protocol.divide(days, min(most or protocol.splits, protocol.splits)), 1):
        features = Preprocessor(schema, config.derived).fit(sales[pairs[0][0]]).transform(sales)
        yield SalesSet(f"{protocol.title}, split {number}", features, prices, houses, pairs, places)


def published_columns(config: Config, hidden: tuple[str, ...]) -> Config:
    """Return the configuration without some columns, and with every sale of the file learned from, as they do."""
    columns = {
        name: column.model_copy(update={"learn_minimum": None, "learn_maximum": None})
        for name, column in config.data.columns.items()
        if name not in hidden
    }
    sections = {name: getattr(config, name) for name in Config.model_fields}
    return Config.model_validate({**sections, "data": config.data.model_copy(update={"columns": columns})})


def table_line(protocol: Protocol, answers: list[tuple[SalesSet, Answers, Answers]]) -> tuple[str, bool]:
    """Return the protocol's line of the table, and whether our mean error is below every published one."""
    measure, form = MEASURES[protocol.measure]
    errors, of_others, of_peer = [], [], []
    for sales, found, peer in answers:
        for fold, predicted in found.items():
            learned, judged = sales.pairs[fold]
            actual, other = sales.log_prices[judged], ~np.isin(sales.houses[judged], sales.houses[learned])
            errors.append(measure(predicted, actual))
            of_others.append(measure(predicted[other], actual[other]))
            of_peer += [measure(peer[fold], actual)] if fold in peer else []
    met = all(np.mean(errors) < error for error in protocol.published.values())
    learned, judged = answers[0][0].pairs[0]
    published = ", ".join(f"{learner} {form.format(error)}" for learner, error in protocol.published.items())
    spread = form.format(np.std(errors, ddof=1)) if len(errors) > 1 else "–"
    cells = [
        protocol.title,
        f"{len(learned):,} + {len(judged):,}",
        protocol.measure,
        published or "–",
        f"**{form.format(np.mean(errors))}** ± {spread} ({len(errors)})",
        form.format(np.mean(of_others)),
        form.format(np.mean(of_peer)) if len(of_peer) == len(errors) else "–",
        "–" if not published else "yes" if met else "NO",
    ]
    return f"| {' | '.join(cells)} |", met


if __name__ == "__main__":
    main()
