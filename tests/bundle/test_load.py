"""Every byte of a bundle is verified before any of it is parsed."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import Bundle, open_bundle, read_manifest
from houseprice.bundle.manifest import canonical, sha256
from houseprice.cli import main
from houseprice.errors import ArtifactError


def flipped(path: Path, place: int) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.fixture(scope="module")
def bundle(bundle_dir: Path) -> Bundle:
    """Return the session's model, opened."""
    return open_bundle(bundle_dir)


def test_a_sealed_folder_opens(bundle: Bundle, bundle_dir: Path) -> None:
    """With all that it holds: the golden rows, the reference, the sample and the card."""
    assert bundle.directory == bundle_dir
    assert bundle.manifest == read_manifest(bundle_dir)
    assert len(bundle.golden["rows"]) == len(bundle.golden["answers"]) > 0
    assert set(bundle.reference) == set(bundle.manifest.schema_.request) == set(bundle.model.inputs)
    assert len(bundle.sample["rows"]) == len(bundle.sample["prices"]) == len(bundle.sample["answers"])
    assert bundle.card.startswith("# Model card: house-price-model")


def test_it_holds_just_the_files_that_the_program_knows(bundle: Bundle, bundle_dir: Path) -> None:
    """Which files a folder may hold is not written in the folder."""
    assert {path.name for path in bundle_dir.iterdir()} == {*manifests.CONTENT, manifests.NAME}
    assert set(bundle.manifest.files) == set(manifests.CONTENT)


@pytest.mark.parametrize("name", [*manifests.CONTENT, manifests.NAME])
@pytest.mark.parametrize("place", [0, -1])
def test_a_changed_bit_in_any_file_is_refused(bundle_copy: Path, name: str, place: int) -> None:
    """The file is named, at its first byte and at its last."""
    flipped(bundle_copy / name, place)
    with pytest.raises(ArtifactError) as refused:
        open_bundle(bundle_copy)
    if name == manifests.NAME:
        assert refused.value.code.startswith("manifest_")
    else:
        assert (refused.value.code, refused.value.details["changed"]) == ("bundle_changed", [name])


@pytest.mark.parametrize("name", manifests.CONTENT)
def test_a_changed_file_is_refused_before_it_is_parsed(bundle_copy: Path, name: str) -> None:
    """What would not even parse is told as changed, not as broken."""
    (bundle_copy / name).write_bytes(b"\x00 not what it was")
    with pytest.raises(ArtifactError) as excinfo:
        open_bundle(bundle_copy)
    assert excinfo.value.code == "bundle_changed"
    assert excinfo.value.details == {"missing": [], "changed": [name], "extra": []}


@pytest.mark.parametrize("name", manifests.CONTENT)
def test_a_missing_file_is_refused(bundle_copy: Path, name: str) -> None:
    """A folder or a broken link of its name does not stand in for it."""
    (bundle_copy / name).unlink()
    found = []
    for stand_in in (lambda _: None, Path.mkdir, lambda path: path.rmdir() or path.symlink_to("nowhere")):
        stand_in(bundle_copy / name)
        with pytest.raises(ArtifactError) as refused:
            open_bundle(bundle_copy)
        found.append((refused.value.code, refused.value.details["missing"]))
    assert found == [("bundle_changed", [name])] * 3


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "model.onnx.data", "preprocessor.pkl", "folder/"])
def test_an_extra_file_is_refused(bundle_copy: Path, name: str) -> None:
    """Nothing travels along unsealed."""
    if name.endswith("/"):
        (bundle_copy / name).mkdir()
    else:
        (bundle_copy / name).write_bytes(b"x")
    with pytest.raises(ArtifactError) as refused:
        open_bundle(bundle_copy)
    assert refused.value.details["extra"] == [name.rstrip("/")]


def test_every_fault_is_told_at_once(bundle_copy: Path) -> None:
    """Missing, changed and extra files are named together."""
    (bundle_copy / manifests.SAMPLE).unlink()
    flipped(bundle_copy / manifests.MODEL_CARD, 10)
    flipped(bundle_copy / manifests.GOLDEN, 10)
    (bundle_copy / "extra").write_bytes(b"x")
    with pytest.raises(ArtifactError) as refused:
        open_bundle(bundle_copy)
    changed = sorted([manifests.GOLDEN, manifests.MODEL_CARD])
    assert refused.value.details == {"missing": [manifests.SAMPLE], "changed": changed, "extra": ["extra"]}


Resealed = Callable[..., Path]


@pytest.fixture
def resealed(bundle_copy: Path) -> Resealed:
    """Write other content into the manifest, with a good seal; return the folder."""

    def one(**changed: object) -> Path:
        path = bundle_copy / manifests.NAME
        content = json.loads(path.read_bytes()) | changed
        content.pop(manifests.DIGEST)
        path.write_bytes(canonical({**content, manifests.DIGEST: sha256(canonical(content))}))
        return bundle_copy

    return one


def test_a_newer_format_is_refused(resealed: Resealed) -> None:
    """With a code of its own: the remedy is a newer program, not another export."""
    newer = manifests.FORMAT + 1
    with pytest.raises(ArtifactError) as excinfo:
        open_bundle(resealed(format=newer))
    assert excinfo.value.code == "manifest_format_newer"


def test_a_manifest_cannot_name_other_files(resealed: Resealed, bundle_dir: Path) -> None:
    """Neither one less nor one more, nor a path out of the folder."""
    files = dict(read_manifest(bundle_dir).files)
    for changed in (
        {**files, "../../etc/passwd": "0" * 64},
        {k: v for k, v in files.items() if k != manifests.MODEL_CARD},
    ):
        with pytest.raises(ArtifactError) as excinfo:
            open_bundle(resealed(files=changed))
        assert excinfo.value.code == "bundle_files_unknown"


def test_a_sealed_graph_that_cannot_run_is_told(resealed: Resealed, bundle_copy: Path) -> None:
    """Whole, but for another runtime: what to install is said."""
    (bundle_copy / manifests.MODEL).write_bytes(b"no graph")
    files = dict(read_manifest(bundle_copy).files) | {manifests.MODEL: sha256(b"no graph")}
    with pytest.raises(ArtifactError) as excinfo:
        open_bundle(resealed(files=files))
    assert excinfo.value.code == "graph_not_runnable"


@pytest.mark.parametrize("kind", ["missing", "empty", "a file"])
def test_a_folder_that_is_no_bundle_is_told(tmp_path: Path, kind: str) -> None:
    """What to run is said."""
    place = tmp_path / "bundle"
    if kind == "empty":
        place.mkdir()
    elif kind == "a file":
        place.write_bytes(b"x")
    with pytest.raises(ArtifactError) as excinfo:
        open_bundle(place)
    assert excinfo.value.code == "bundle_not_found"


@pytest.mark.parametrize("spoil", ["golden.json", "manifest.json", "gone"])
def test_a_command_that_needs_the_bundle_ends_with_code_5(
    bundle_copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: str
) -> None:
    """One sentence on stderr, no traceback, no answer."""
    if spoil == "gone":
        shutil.rmtree(bundle_copy)
    else:
        flipped(bundle_copy / spoil, -2)
    houses, answers = tmp_path / "houses.csv", tmp_path / "answers.csv"
    houses.write_text("date\n2015-01-01\n")
    with pytest.raises(SystemExit) as left:
        main(["predict", "--bundle", str(bundle_copy), "--input", str(houses), "--output", str(answers)])
    told = capsys.readouterr()
    assert (left.value.code, told.out) == (5, "")
    assert len(told.err.splitlines()) == 1
    assert not answers.exists()


def test_answers_do_not_hang_on_the_neighbours(bundle: Bundle) -> None:
    """A house has one price, alone or among a thousand others."""
    rows = bundle.sample["rows"]
    schema = bundle.manifest.schema_
    columns = {}
    for name, column in schema.request.items():
        values = [row.get(name) for row in rows]
        if column.is_text:
            columns[name] = np.array([value or "" for value in values], dtype=object)
        elif column.kind == "date":
            columns[name] = np.array([np.datetime64(value).astype(float) for value in values])
        else:
            columns[name] = np.array([np.nan if value is None else float(value) for value in values])
    many = {name: np.tile(values, 4) for name, values in columns.items()}
    together = bundle.model.predict(many)
    for place in (0, 1, len(rows) - 1, 2 * len(rows) + 7):
        alone = bundle.model.predict({name: values[place : place + 1] for name, values in many.items()})
        assert together.price[place] == pytest.approx(alone.price[0], rel=1e-12)
        assert together.low[place] <= together.price[place] <= together.high[place]
    told = [answer["predicted_price"] for answer in bundle.sample["answers"]]
    assert together.price[: len(rows)] == pytest.approx(told, rel=1e-12)


def test_a_column_that_lacks_is_an_error(bundle: Bundle) -> None:
    """The graph never guesses."""
    with pytest.raises(KeyError):
        bundle.model.predict({})


def test_opening_needs_nothing_that_learning_needs(bundle_dir: Path) -> None:
    """No pickle, no scikit-learn, no polars, no MLflow comes along."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom houseprice.bundle.load import open_bundle\n"
        "open_bundle(Path(sys.argv[1]))\nprint('\\n'.join(sys.modules))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(bundle_dir)], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in ended.stdout.split()}
    assert not loaded & {"sklearn", "polars", "pandas", "pandera", "mlflow", "lightgbm", "catboost", "onnx", "joblib"}
    assert "houseprice.learning" not in ended.stdout
