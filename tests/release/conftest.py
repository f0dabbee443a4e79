"""A tiny sealed model, made in a moment: what the dock does can be tested without learning anything."""

import json
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import loopback
import onnx
import pytest
from faulty import Faulty, faulty
from layouts import make_layout
from onnx import TensorProto, helper
from predictions import answers
from publishing import GIT, Publisher, commit

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import Bundle, open_bundle
from houseprice.bundle.manifest import Manifest
from houseprice.release import skopeo
from houseprice.release.expected_predictions import log_rmse
from houseprice.release.image_reference import Repository
from houseprice.release.oci_layout import OciLayout
from houseprice.release.publish import TEST_REPORT
from houseprice.schema import Column, Schema
from programs import needs

SCHEMA = Schema(
    columns={
        "id": Column(kind="category", role="parcel", description="Parcel"),
        "date": Column(kind="date", role="sale_date", known="at_sale", description="Day of the sale"),
        "price": Column(kind="number", role="target", known="at_sale", description="Price"),
        "sqft_living": Column(kind="number", description="Living area"),
        "floors": Column(kind="number", required=False, description="Floors"),
        "waterfront": Column(kind="flag", required=False, description="Whether it touches water"),
        "zipcode": Column(kind="category", description="Postal code"),
    }
)
ROWS = [
    {"date": "2015-05-01", "sqft_living": 1000.0, "floors": 1, "waterfront": False, "zipcode": "98103"},
    {"date": "2015-05-02", "sqft_living": 2500.0, "waterfront": True, "zipcode": "98178"},
    {"date": None, "sqft_living": 1800.0, "floors": 2, "zipcode": "98103"},
]


def graph(dollars_per_sqft: float) -> bytes:
    """Return an ONNX graph: so many dollars a square foot, a premium for one postal code, a day's worth a day."""
    number, text = TensorProto.DOUBLE, TensorProto.STRING
    scalars = {"rate": dollars_per_sqft, "premium": 50_000.0, "daily": 2.0, "below": 0.8, "above": 1.25, "zero": 0.0}
    scalars["deviation"] = 0.125
    nodes = [
        helper.make_node("Mul", ["sqft_living", "rate"], ["area"]),
        helper.make_node("Mul", ["date", "daily"], ["day"]),
        helper.make_node("Equal", ["zipcode", "dear"], ["is_dear"]),
        helper.make_node("Where", ["is_dear", "premium", "zero"], ["extra"]),
        helper.make_node("IsNaN", ["floors"], ["no_floors"]),
        helper.make_node("Where", ["no_floors", "zero", "premium"], ["storeys"]),
        helper.make_node("Sum", ["area", "day", "extra", "storeys"], ["predicted_price"]),
        helper.make_node("Mul", ["predicted_price", "below"], ["interval_low"]),
        helper.make_node("Mul", ["predicted_price", "above"], ["interval_high"]),
        helper.make_node("Mul", ["predicted_price", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "deviation"], ["fsd"]),
    ]
    made = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, number, ["n"]) for name in ("sqft_living", "floors", "date")]
        + [helper.make_tensor_value_info("zipcode", text, ["n"])],
        [
            helper.make_tensor_value_info(name, number, ["n"])
            for name in ("predicted_price", "interval_low", "interval_high", "fsd")
        ],
        [helper.make_tensor(name, number, [], [value]) for name, value in scalars.items()]
        + [helper.make_tensor("dear", text, [1], [b"98103"])],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def seal_tiny(directory: Path, dollars_per_sqft: float = 200.0, *, green: bool = True, **files: Any) -> Path:
    """Seal a tiny model; `files` replaces what golden.json or sample.json hold."""
    directory.mkdir(parents=True)
    content = {
        manifests.MODEL: graph(dollars_per_sqft),
        manifests.GOLDEN: b"{}",
        manifests.SAMPLE: b"{}",
        manifests.REFERENCE: b"{}",
        manifests.MODEL_CARD: b"# A tiny model\n",
        manifests.SIMILARITY: b"",
        manifests.SALES: b"",
        manifests.EXPLANATION: b"{}",
    }

    def write() -> None:
        for name, value in content.items():
            (directory / name).write_bytes(value)
        manifest = Manifest(
            model_version=manifests.sha256(content[manifests.MODEL])[:12],
            project={"name": "house-price-model", "currency": "USD"},
            files={name: manifests.sha256(value) for name, value in content.items()},
            sources={name: manifests.sha256(name.encode()) for name in ("preprocessor.pkl", "house_price_model.pkl")},
            feature_table_sha256="0" * 64,
            schema_=SCHEMA,
            reference_date="2015-05-27",
            fitted_on="all sales",
            functional="median",
            smearing_factor=1.0,
            coverage=0.9,
            max_fsd=0.25,
            metrics={},
            verdict={"log_rmse": {"passed": green, "found": 0.15 if green else 0.3, "required": "at most 0.175"}},
            hashes={"commit": "unknown", "processed": "0" * 64, "config": "0" * 64, "lock": "0" * 64},
            libraries={"onnxruntime": "1.32.0"},
        )
        (directory / manifests.NAME).write_bytes(manifests.write(manifest))

    write()
    own = answers(open_bundle(directory), ROWS)
    prices = [row["predicted_price"] * 1.1 for row in own]
    golden = {"tolerance": 1e-4, "rows": ROWS, "answers": own}
    sample = {"rows": ROWS, "prices": prices, "answers": own, "log_rmse": log_rmse(own, prices)}
    content[manifests.GOLDEN] = manifests.canonical({**golden, **files.get("golden", {})})
    content[manifests.SAMPLE] = manifests.canonical({**sample, **files.get("sample", {})})
    write()
    return directory


@pytest.fixture
def seal(tmp_path: Path) -> Callable[..., Path]:
    """Seal tiny models below the test's own folder."""

    def one(name: str = "bundle", *args: Any, **kwargs: Any) -> Path:
        return seal_tiny(tmp_path / name, *args, **kwargs)

    return one


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One tiny sealed model for all tests that do not change it."""
    return seal_tiny(tmp_path_factory.mktemp("tiny") / "bundle")


@pytest.fixture(scope="module")
def bundle(tiny_bundle: Path) -> Bundle:
    """The tiny sealed model, opened."""
    return open_bundle(tiny_bundle)


@pytest.fixture(autouse=True)
def _outside_of_any_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the repository that a git hook speaks of: the tests bring their own."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def upstream() -> Iterator[str]:
    """Host and port of Debian's docker-registry, with one account."""
    needs("docker-registry", "htpasswd", "skopeo")
    with loopback.registry() as running:
        yield running.host


@pytest.fixture
def proxy(upstream: str) -> Iterator[Faulty]:
    """A proxy before the registry, that fails where a test wants it."""
    with faulty(upstream) as running:
        yield running


@pytest.fixture
def repository(upstream: str) -> Repository:
    """A repository of the registry that is empty."""
    return Repository(upstream, f"{loopback.USER}-{secrets.token_hex(4)}/house-price-model")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with two commits, and a third one beside them."""
    folder = tmp_path_factory.mktemp("history")
    subprocess.run([*GIT, "init", "--quiet", "--initial-branch=main", folder], check=True)
    for name in ("one", "two"):
        subprocess.run([*GIT, "commit", "--quiet", "--allow-empty", "-m", name], cwd=folder, check=True)
    subprocess.run([*GIT, "checkout", "--quiet", "-b", "other", "HEAD~1"], cwd=folder, check=True)
    subprocess.run([*GIT, "commit", "--quiet", "--allow-empty", "-m", "other"], cwd=folder, check=True)
    return folder


@pytest.fixture
def tested(checkout: Path, tmp_path: Path) -> Callable[..., OciLayout]:
    """Makes the image of a commit that passed its test."""

    def make(of: str = "main", text: str = "a house", **report: object) -> OciLayout:
        layout = make_layout(tmp_path / f"{of}-{text}".replace("~", "-"), commit(checkout, of), text=text)
        (layout.folder / TEST_REPORT).write_text(json.dumps({"digest": layout.digest, "passed": True} | report))
        return layout

    return make


@pytest.fixture
def publisher(repository: Repository, checkout: Path) -> Publisher:
    """Publishes into an empty repository."""
    return Publisher(repository, checkout)


@pytest.fixture
def through(proxy: Faulty, repository: Repository, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """Publishes through the proxy that fails, into the same repository, without a second try."""
    monkeypatch.setattr(skopeo, "RETRIES", 0)
    return Publisher(Repository(proxy.host, repository.path), checkout)
