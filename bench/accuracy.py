"""Public tables in, one table of accuracy and cost out: what we demand, what was found, and a peer beside it.

Three protocols, each on the very code that `houseprice run` goes by, raw columns in, the preprocessor fitted on the
rows learned from: King County with the newest sales held out, King County in ten folds by parcel, Ames in ten folds.
Every fold is kept under .cache/bench as it is answered, so that a broken run goes on where it stopped; another
configuration or other code is another key. The peer, AutoGluon `best_quality`, learns from the same raw columns of
the same rows, in an environment of its own that is made here.

    python bench/accuracy.py --peer
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.model_selection import GroupKFold, KFold

import ames
from houseprice.bundle.load import open_bundle
from houseprice.config import Config, load
from houseprice.learning import csv_reader, processing
from houseprice.learning.features import Preprocessor, columns_of
from houseprice.learning.splitting import HOLDOUT, RESOLD, TRAIN, Rows, split
from houseprice.learning.training import PriceModel

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench"
PEER = "autogluon.tabular[lightgbm,catboost,xgboost,fastai]==1.6.0"
FOLDS = 10
Logs = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Protocol:
    """Sales, and the pairs of rows to learn from and to judge with.

    `seconds` is the peer's time limit a fold; `mean` tells whether the folds' errors are averaged or pooled.
    """

    name: str
    title: str
    must: float
    aim: float
    config: Config
    sales: pl.DataFrame
    pairs: list[tuple[Rows, Rows]]
    seconds: float
    mean: bool

    @property
    def log(self) -> Logs:
        """Natural logs of the prices paid."""
        logs: Logs = np.log(self.sales[self.config.schema_.target].cast(pl.Float64).to_numpy())
        return logs

    def error(self, answers: dict[int, Logs]) -> float:
        """Return the log-RMSE of the folds that were answered."""
        errors = [answer - self.log[self.pairs[fold][1]] for fold, answer in sorted(answers.items())]
        if self.mean:
            return float(np.mean([np.sqrt((error**2).mean()) for error in errors]))
        return float(np.sqrt((np.concatenate(errors) ** 2).mean()))


def king_county_sales(config: Config, *, every_row: bool) -> tuple[Config, pl.DataFrame]:
    """Return the cleaned sales; with every row, nothing is too odd to be learned from."""
    if every_row:
        columns = {
            name: column.model_copy(update={"learn_minimum": None, "learn_maximum": None})
            for name, column in config.data.columns.items()
        }
        config = config.model_copy(update={"data": config.data.model_copy(update={"columns": columns})})
        config = Config.model_validate(config.model_dump())
    raw = csv_reader.read(ROOT / config.paths.raw, config.schema_, config.data.separator)
    return config, processing.clean(raw, config.schema_, config.data).sales


def sides(config: Config, sales: pl.DataFrame) -> npt.NDArray[np.str_]:
    """Return the side of each sale, as the road divides them."""
    days = sales[config.schema_.sale_date].cast(pl.Int32).cast(pl.Int64).to_numpy()
    return split(days, sales[config.schema_.parcel].to_numpy().astype(str), config.split.holdout_share)


def king_county_newest() -> Protocol:
    """The newest 15 % of the sales held out, resold houses apart, as the road does it."""
    config, sales = king_county_sales(load(ROOT / "configs" / "model_config.yaml"), every_row=False)
    side = sides(config, sales)
    # The resold stand in a second fold, learned from the same rows: they are shown, not judged by.
    pairs = [(np.flatnonzero(side == TRAIN), np.flatnonzero(side == HOLDOUT))]
    title = "King County, newest 15 % held out"
    return Protocol("king_county_newest", title, 0.1630, 0.158, config, sales, pairs, 300.0, mean=False)


def king_county_grouped() -> Protocol:
    """Ten folds by parcel over all 21,613 sales."""
    config, sales = king_county_sales(load(ROOT / "configs" / "model_config.yaml"), every_row=True)
    parcels = sales[config.schema_.parcel].to_numpy().astype(str)
    pairs = list(GroupKFold(FOLDS, shuffle=True, random_state=0).split(np.zeros(len(parcels)), groups=parcels))
    title = f"King County, GroupKFold({FOLDS}) by id, all {len(parcels):,} rows"
    return Protocol("king_county_grouped", title, 0.1487, 0.146, config, sales, pairs, 150.0, mean=False)


def ames_folds() -> Protocol:
    """Ten folds over all 2,930 sales of Ames."""
    config = load(ROOT / "bench" / "ames_config.yaml")
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / "ames.csv"
    ames.mend(ames.fetch(CACHE)).write_csv(path)
    sales = processing.clean(csv_reader.read(path, config.schema_, ","), config.schema_, config.data).sales
    pairs = list(KFold(FOLDS, shuffle=True, random_state=0).split(np.zeros(sales.height)))
    title = f"Ames, KFold({FOLDS}), all {sales.height:,} rows"
    return Protocol("ames", title, 0.1120, 0.109, config, sales, pairs, 150.0, mean=True)


PROTOCOLS: dict[str, Callable[[], Protocol]] = {
    "king_county_newest": king_county_newest,
    "ames": ames_folds,
    "king_county_grouped": king_county_grouped,
}


def ours(protocol: Protocol, fold: int) -> Logs:
    """Return our logs of a fold's judged rows."""
    learned, judged = protocol.pairs[fold]
    model, features = _fitted(protocol, learned)
    answers: Logs = np.log(model.predict(features[judged]))
    return answers


def _fitted(protocol: Protocol, learned: Rows) -> tuple[PriceModel, pl.DataFrame]:
    config = protocol.config
    preprocessor = Preprocessor(config.schema_, config.features.derived).fit(protocol.sales[learned])
    features = preprocessor.transform(protocol.sales)
    return PriceModel(config.training).fit(features[learned], np.exp(protocol.log[learned])), features


def peer(protocol: Protocol, fold: int) -> Logs:
    """Return the peer's logs of a fold's judged rows."""
    folder = CACHE / "peer_folds" / f"{protocol.name}_{fold}"
    folder.mkdir(parents=True, exist_ok=True)
    learned, judged = protocol.pairs[fold]
    schema = protocol.config.schema_
    raw = protocol.sales.select(*schema.request)
    (folder / "texts.txt").write_text("\n".join(name for name, column in schema.request.items() if column.is_text))
    raw[learned].with_columns(log_price=pl.Series(protocol.log[learned])).write_csv(folder / "learn.csv")
    raw[judged].write_csv(folder / "judge.csv")
    command = [str(peer_python()), str(ROOT / "bench" / "peer_autogluon.py"), str(folder), str(protocol.seconds)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    answers: Logs = pl.read_csv(folder / "answers.csv")["log_price"].to_numpy()
    return answers


def peer_python() -> Path:
    """Return the interpreter of the peer's environment, which is made when there is none."""
    python = CACHE / "peer" / "bin" / "python"
    if not (CACHE / "peer" / "lib").is_dir() or not list((CACHE / "peer").glob("lib/*/site-packages/autogluon")):
        print("Making the peer's environment; some gigabytes are downloaded …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(CACHE / "peer")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", PEER], check=True)
    return python


def answered(
    who: str, learner: Callable[[Protocol, int], Logs], protocol: Protocol, key: str, most: int, *, fit: bool
) -> dict[int, Logs]:
    """Return fold → answers, of those folds that stand in the cache and, when asked, of those fitted now."""
    found: dict[int, Logs] = {}
    for fold in range(min(most, len(protocol.pairs))):
        path = CACHE / "answers" / f"{who}_{protocol.name}_{fold}_{key}.json"
        if path.is_file():
            found[fold] = np.array(json.loads(path.read_text())["log_price"])
            continue
        if not fit:
            continue
        begun = time.perf_counter()
        load_before = os.getloadavg()[0]
        try:
            answers = learner(protocol, fold)
        except subprocess.CalledProcessError as err:  # the peer ran out of its time; ask it again
            print(f"{who} {protocol.name} fold {fold}: no answer (code {err.returncode})", file=sys.stderr, flush=True)
            continue
        seconds = time.perf_counter() - begun
        path.parent.mkdir(parents=True, exist_ok=True)
        answer = {"log_price": answers.tolist(), "seconds": seconds, "load_before": load_before}
        part = path.with_suffix(".part")
        part.write_text(json.dumps(answer))
        part.replace(path)
        found[fold] = answers
        now = f"{datetime.now(UTC):%H:%M:%S}"
        error = protocol.error({fold: answers})
        print(f"{now} {who} {protocol.name} fold {fold}: {error:.4f} ({seconds:.0f} s)", file=sys.stderr, flush=True)
    return found


def key_of(protocol: Protocol, code: bool) -> str:
    """Return what tells one run from another: rows and folds, and for our learner its settings and code."""
    digest = hashlib.sha256(protocol.sales.select(*protocol.config.schema_.columns).write_csv().encode())
    for _, judged in protocol.pairs:
        digest.update(judged.tobytes())
    if code:
        digest.update(protocol.config.training.model_dump_json().encode())
        digest.update(repr(protocol.config.features.derived).encode())
        for name in (
            "features",
            "derived_features",
            "training",
            "oblivious_trees",
            "kernel_ridge",
            "target_encoding",
            "trend",
            "robust_weights",
        ):
            digest.update((ROOT / "src" / "houseprice" / "learning" / f"{name}.py").read_bytes())
    else:
        digest.update(f"{PEER} {protocol.seconds}".encode())
    return digest.hexdigest()[:12]


def costs() -> Iterator[tuple[str, str, str, str]]:
    """Time the road and the sealed model: give rows of what, must, aim and found."""
    python, config = sys.executable, load(ROOT / "configs" / "model_config.yaml")
    home = CACHE / "road"
    home.mkdir(parents=True, exist_ok=True)
    script = ROOT / "src" / "models" / "train_model.py"
    houseprice = [python, "-m", "houseprice"]
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow.db'}"}
    source, cleaned, featured = ROOT / config.paths.raw, home / "cleaned.csv", home / "featured.csv"
    pair = home / "models" / "trained" / "preprocessor.pkl"

    def run(command: list[str]) -> None:
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)

    road: list[list[str]] = [
        [*houseprice, "process", "--input", str(source), "--output", str(cleaned)],
        [*houseprice, "features", "--input", str(cleaned), "--output", str(featured), "--preprocessor", str(pair)],
    ]
    for step in road:
        run(step)
    begun = time.perf_counter()
    asked = [python, str(script), "--data", str(featured), "--models-dir", str(home / "models")]
    run(asked)
    seconds = time.perf_counter() - begun
    yield "train_model.py, 2 cores", "≤ 240 s", "≤ 120 s", f"{seconds:.0f} s"
    bundle = open_bundle(home / "models" / "bundle")
    sales = processing.clean(csv_reader.read(source, config.schema_, "auto"), config.schema_, config.data).sales[:1]
    row = columns_of(sales, config.schema_)
    times = []
    for _ in range(2000):
        start = time.perf_counter()
        bundle.model.predict(row)
        times.append(time.perf_counter() - start)
    size = (home / "models" / "bundle" / "model.onnx").stat().st_size
    yield "sealed model, one row on one core (median)", "≤ 300 µs", "≤ 100 µs", f"{np.median(times) * 1e6:.0f} µs"
    yield "sealed model, size", "≤ 25 MB", "≤ 10 MB", f"{size / 1e6:.1f} MB"


def resold_error(protocol: Protocol) -> tuple[float, float, int]:
    """Return our error on the resold, on all of the newest sales, and how many those are."""
    path = CACHE / "answers" / f"resold_{key_of(protocol, code=True)}.json"
    if not path.is_file():
        side = sides(protocol.config, protocol.sales)
        model, features = _fitted(protocol, np.flatnonzero(side == TRAIN))
        resold, newest = np.flatnonzero(side == RESOLD), np.flatnonzero(side != TRAIN)
        errors = [np.log(model.predict(features[rows])) - protocol.log[rows] for rows in (resold, newest)]
        both = [float(np.sqrt((error**2).mean())) for error in errors]
        path.write_text(json.dumps([*both, len(newest)]))
    alone, newest_too, count = json.loads(path.read_text())
    return alone, newest_too, count


def main() -> None:
    """Run what is asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--protocols", nargs="+", choices=PROTOCOLS, default=list(PROTOCOLS))
    parser.add_argument("--peer", action=argparse.BooleanOptionalAction, default=False, help="run AutoGluon too")
    parser.add_argument("--ours", action=argparse.BooleanOptionalAction, default=True, help="run our learner")
    parser.add_argument("--costs", action=argparse.BooleanOptionalAction, default=True, help="time and size too")
    parser.add_argument("--folds", type=int, default=FOLDS, help="at most so many folds of each protocol")
    asked = parser.parse_args()

    lines = ["| what | must | aim | ours | AutoGluon, same folds | ours on those folds |", "| --- " * 6 + "|"]
    notes: list[str] = []
    for name in asked.protocols:
        protocol = PROTOCOLS[name]()
        mine = answered("ours", ours, protocol, key_of(protocol, code=True), asked.folds, fit=asked.ours)
        theirs = answered("peer", peer, protocol, key_of(protocol, code=False), asked.folds, fit=asked.peer)
        shared = {fold: mine[fold] for fold in theirs if fold in mine}
        cells = [f"{protocol.error(mine):.4f}" if mine else "not run"]
        cells.append(f"{protocol.error(theirs):.4f} ({len(theirs)} of {len(protocol.pairs)})" if theirs else "not run")
        cells.append(f"{protocol.error(shared):.4f}" if shared else "–")
        lines.append(f"| {protocol.title} | ≤ {protocol.must:.4f} | ≤ {protocol.aim:.3f} | {' | '.join(cells)} |")
        if theirs:
            notes.append(f"{protocol.title}: AutoGluon had {protocol.seconds:.0f} s a fold.")
        if name == "king_county_newest" and mine and asked.ours:
            alone, all_newest, count = resold_error(protocol)
            notes.append(
                f"All {count:,} newest sales, the resold included: ours {all_newest:.4f} (resold {alone:.4f})."
            )
    if asked.costs:
        lines += [f"| {what} | {must} | {aim} | {found} | – | – |" for what, must, aim, found in costs()]
    print("\n".join(lines), "", *notes, sep="\n")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("catboost", "numpy"))
    where = f"{os.cpu_count()} cores, Python {platform.python_version()}, {versions}"
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {where}")


if __name__ == "__main__":
    main()
