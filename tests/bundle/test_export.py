"""A bundle is written as a whole or not at all, and its graph is compared with the trained pair on every row."""

import json
import pickle
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from houseprice.bundle import export
from houseprice.bundle import manifest as manifests
from houseprice.bundle.export import RowSelection, measure_parity
from houseprice.bundle.golden import LEARNERS
from houseprice.bundle.graph import export_onnx
from houseprice.bundle.load import Bundle, Model, Predictions, open_bundle
from houseprice.bundle.random_sample import SIZE, draw_sample
from houseprice.errors import ArtifactError
from houseprice.learning import bundling, feature_table
from houseprice.learning.features import Preprocessor, columns_of
from houseprice.learning.model_store import MODEL, PREPROCESSOR
from houseprice.learning.splitting import HOLDOUT, split_sales
from houseprice.learning.training import PriceModel
from pipeline import Pipeline

TOLERANCE = 1e-6
EXPLANATION = (manifests.SIMILARITY, manifests.SALES, manifests.EXPLANATION)


@dataclass(frozen=True, repr=False)
class Sealing:
    """What a sealed folder is made of."""

    pipe: Pipeline
    graph: bytes
    columns: dict[str, Any]
    choice: RowSelection

    def content(self) -> export.Content:
        """Return the files, with a short identity."""
        schema, told = self.pipe.config.schema_, json.loads((self.pipe.bundle / manifests.NAME).read_bytes())
        identity = {
            key: told[key] for key in told if key not in ("manifest_sha256", "files", "model_version", "format")
        }
        return export.bundle_files(
            self.graph, self.columns, self.choice, schema=schema, tolerance=TOLERANCE, identity=identity,
            importance=dict.fromkeys(schema.request, 0.0),
            explanation={name: (self.pipe.bundle / name).read_bytes() for name in EXPLANATION},
        )  # fmt: skip


@pytest.fixture(scope="module")
def sealing_(pipe: Pipeline) -> Sealing:
    """Return what the session's folder was made of."""
    preprocessor: Preprocessor = pickle.loads(pipe.preprocessor.read_bytes())
    model: PriceModel = pickle.loads((pipe.models / "trained" / MODEL).read_bytes())
    sales = bundling.read_sales(pipe.cleaned, pipe.config.schema_)
    choice = RowSelection(np.arange(500), np.arange(500, 600), sales["price"].to_numpy())
    return Sealing(pipe, export_onnx(preprocessor, model), columns_of(sales, pipe.config.schema_), choice)


@pytest.fixture(scope="module")
def bundle(pipe: Pipeline) -> Bundle:
    """Return the session's model, opened."""
    return open_bundle(pipe.bundle)


class Fixed:
    """A model that answers what it is given."""

    def __init__(self, *answers: list[float]) -> None:
        self._answers = Predictions(*(np.array(values) for values in answers), np.full(2, 0.125))

    def predict(self, columns: object) -> Predictions:
        """Return the same whatever is asked."""
        del columns
        return self._answers

    def learner_prices(self, columns: object) -> list[np.ndarray]:
        """Return nothing: there is one learner."""
        del columns
        return []


THREE = ([100.0, 200.0], [90.0, 180.0], [110.0, 220.0])
EXPECTED = dict(zip(Model.OUTPUTS, map(np.array, (*THREE, [0.125, 0.125])), strict=True))


@pytest.mark.parametrize(
    ("which", "value", "is_near"),
    [
        (0, 100.00009, True), (0, 100.00011, False), (1, 90.0001, False), (2, 109.9998, False),
        (0, float("nan"), False), (1, float("inf"), False), (2, -110.0, False), (0, 0.0, False),
    ],
)  # fmt: skip
def test_price_and_interval_are_compared_alike(which: int, value: float, is_near: bool) -> None:
    """What is no number is infinitely far."""
    changed = [list(values) for values in THREE]
    changed[which][0] = value
    difference, row = measure_parity(Fixed(*changed), {}, EXPECTED)  # type: ignore[arg-type]
    assert (0 < difference <= TOLERANCE, row) == (is_near, 0)
    assert np.isfinite(difference) == np.isfinite(value)


def test_the_worst_row_is_the_one_that_is_told() -> None:
    """Not the first that is off a little."""
    assert measure_parity(Fixed([100.1, 300.0], *THREE[1:]), {}, EXPECTED) == (0.5, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("output", [*Model.OUTPUTS, *LEARNERS])
@pytest.mark.parametrize("row", [0, 1500, 2999])
def test_one_row_that_the_graph_answers_otherwise_is_found(sealing_: Sealing, row: int, output: str) -> None:
    """Wherever in the data it stands, and in whichever output."""
    model = Model(sealing_.graph)
    found = [*astuple(model.predict(sealing_.columns)), *model.learner_prices(sealing_.columns)]
    expected = dict(zip([*Model.OUTPUTS, *LEARNERS], found, strict=True))
    expected[output][row] *= 1.0001
    assert measure_parity(model, sealing_.columns, expected) == (pytest.approx(1e-4, rel=0.01), row)


def test_the_same_pair_is_sealed_as_the_same_bytes(sealing_: Sealing, pipe: Pipeline) -> None:
    """And the graph is the one that the pipeline sealed."""
    first, second = sealing_.content(), sealing_.content()
    assert first == second
    assert first[manifests.MODEL] == (pipe.bundle / manifests.MODEL).read_bytes()


def test_the_manifest_names_every_file_and_the_model_by_its_bytes(bundle: Bundle, pipe: Pipeline) -> None:
    """Its version is the beginning of the graph's digest; its sources are the two pickles."""
    for name, digest in bundle.manifest.files.items():
        assert manifests.sha256_of(pipe.bundle / name) == digest
    assert bundle.manifest.model_version == bundle.manifest.files[manifests.MODEL][:12]
    assert bundle.manifest.sources == {
        name: manifests.sha256_of(pipe.models / "trained" / name) for name in (PREPROCESSOR, MODEL)
    }
    assert bundle.manifest.feature_table_sha256 == manifests.sha256_of(pipe.featured)
    assert bundle.manifest.hashes["processed"] == manifests.sha256_of(pipe.cleaned)
    assert bundle.manifest.hashes["config"] == pipe.config.sha256


def ask(bundle: Bundle, rows: list[dict[str, Any]]) -> Predictions:
    """Answer houses as a request holds them, with the sealed graph."""
    columns: dict[str, Any] = {}
    for name, column in bundle.manifest.schema_.request.items():
        values = [row.get(name) for row in rows]
        if column.is_text:
            columns[name] = np.array([value or "" for value in values], dtype=object)
        elif column.kind == "date":
            columns[name] = np.array([np.datetime64(value).astype("datetime64[D]").astype(float) for value in values])
        else:
            columns[name] = np.array([np.nan if value is None else float(value) for value in values])
    return bundle.model.predict(columns)


@pytest.mark.parametrize("part", ["golden", "sample"])
def test_golden_and_sample_rows_have_the_sealed_models_answers(bundle: Bundle, part: str) -> None:
    """As a request would hold them, and as the graph answers them."""
    told = getattr(bundle, part)
    found = ask(bundle, told["rows"])
    expected = np.array([[answer[name] for name in Model.OUTPUTS] for answer in told["answers"]])
    assert np.stack([found.price, found.low, found.high, found.fsd], axis=1) == pytest.approx(expected, rel=1e-9)


def test_golden_rows_go_from_cheap_to_dear_and_hold_the_doubtful_cases(bundle: Bundle) -> None:
    """One house has nothing but what is required, one has texts that nobody ever saw."""
    rows, schema = bundle.golden["rows"], bundle.manifest.schema_
    prices = [answer["predicted_price"] for answer in bundle.golden["answers"]]
    assert prices[0] < prices[len(prices) // 2]
    required = {name for name, column in schema.request.items() if column.required}
    assert any(set(row) == required for row in rows)
    assert any(row["zipcode"] == export.UNKNOWN for row in rows)
    assert all(set(row) <= set(schema.request) for row in rows)
    assert bundle.golden["tolerance"] == 1e-6


def test_the_sample_tells_its_own_error(bundle: Bundle) -> None:
    """Whoever answers it elsewhere can say whether the metric is the same."""
    answered = np.array([answer["predicted_price"] for answer in bundle.sample["answers"]])
    paid = np.array(bundle.sample["prices"])
    assert bundle.sample["log_rmse"] == pytest.approx(np.sqrt(np.mean((np.log(answered) - np.log(paid)) ** 2)))
    assert len(paid) == min(SIZE, bundle.manifest.metrics["sides"]["holdout"])


def test_the_sample_is_drawn_from_the_holdout_by_the_digest_of_the_data(bundle: Bundle, pipe: Pipeline) -> None:
    """The sales are those of the rows that it names, and their prices those paid."""
    draw, sales = bundle.sample["draw"], bundling.read_sales(pipe.cleaned, pipe.config.schema_)
    rules = pipe.config.split
    side = split_sales(sales, pipe.config.schema_, rules, pipe.config.training.seed)
    held_out = np.flatnonzero(side == HOLDOUT).tolist()
    assert draw["data_sha256"] == manifests.sha256_of(pipe.cleaned)
    assert draw["rows"] == draw_sample(draw["data_sha256"], held_out)
    assert draw["held_out"] == len(held_out)
    assert draw["split"] == {
        "protocol": rules.protocol, "holdout_share": rules.holdout_share, "seed": pipe.config.training.seed
    }  # fmt: skip
    assert sales[pipe.config.schema_.target][draw["rows"]].to_list() == bundle.sample["prices"]


def test_the_sample_holds_what_the_evaluated_model_answered(bundle: Bundle, pipe: Pipeline) -> None:
    """The published model has seen these sales, the evaluated one has not: its answers show its error."""
    sample, table = bundle.sample, feature_table.read(pipe.featured, pipe.config.schema_)
    evaluated = np.array([answer["predicted_price"] for answer in sample["evaluated"]])
    log_rmse = float(np.sqrt(np.mean((np.log(evaluated) - np.log(table.prices[sample["draw"]["rows"]])) ** 2)))
    assert bundle.manifest.fitted_on == "all sales"
    assert log_rmse > sample["log_rmse"]
    if len(evaluated) == len(table.rows(HOLDOUT)):
        assert log_rmse == pytest.approx(bundle.manifest.metrics["holdout"]["log_rmse"])


def test_the_reference_tells_what_the_columns_looked_like(bundle: Bundle, pipe: Pipeline) -> None:
    """Ranges of numbers and days, levels of texts, and how often each is blank."""
    sales = bundling.read_sales(pipe.cleaned, pipe.config.schema_)
    area = bundle.reference["sqft_living"]
    assert (area["minimum"], area["maximum"]) == (sales["sqft_living"].min(), sales["sqft_living"].max())
    assert bundle.reference["date"]["maximum"] == str(sales["date"].max()) == bundle.manifest.reference_date
    assert sum(bundle.reference["zipcode"]["levels"].values()) == sales.height
    assert all(0 <= told["blank_share"] < 1 for told in bundle.reference.values())
    assert sum(told["importance"] for told in bundle.reference.values()) == pytest.approx(1.0, abs=1e-6)


def test_the_card_says_who_it_is_and_how_it_was_judged(bundle: Bundle) -> None:
    """Metrics, gates and digests, for people."""
    holdout = bundle.manifest.metrics["holdout"]
    for told in (
        bundle.manifest.model_version, f"{holdout['log_rmse']:.4f}", "## Gates", "## Ethical considerations",
        *bundle.manifest.verdict,
        *bundle.manifest.hashes.values(),
    ):  # fmt: skip
        assert told in bundle.card


def test_a_folder_lands_whole_and_replaces_the_old_one(sealing_: Sealing, tmp_path: Path) -> None:
    """Files of the old folder do not stay behind."""
    place = tmp_path / "models" / "bundle"
    place.mkdir(parents=True)
    (place / "old").write_bytes(b"x")
    export.write_bundle(sealing_.content(), place)
    assert open_bundle(place).manifest.passed
    assert [path.name for path in place.parent.iterdir()] == ["bundle"]


@pytest.mark.parametrize("fault", ["changed", "missing", "extra"])
def test_a_folder_that_would_not_open_never_lands(sealing_: Sealing, bundle_copy: Path, fault: str) -> None:
    """It is opened where it waits; the old folder stays as it was, and nothing lies beside it."""
    before = {path.name: path.read_bytes() for path in bundle_copy.iterdir()}
    content = sealing_.content()
    if fault == "changed":
        content[manifests.MODEL_CARD] += b"!"
    elif fault == "missing":
        del content[manifests.GOLDEN]
    else:
        content["notes.txt"] = b"x"
    with pytest.raises(ArtifactError) as excinfo:
        export.write_bundle(content, bundle_copy)
    assert excinfo.value.code == "bundle_changed"
    assert {path.name: path.read_bytes() for path in bundle_copy.iterdir()} == before
    assert [path.name for path in bundle_copy.parent.iterdir()] == ["bundle"]
