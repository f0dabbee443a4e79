"""A trained pair and its sales are read, checked to belong together, and told to the wall."""

import pickle
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice.errors import DataError
from houseprice.learning.bundling import hashes, importance, read_sales
from houseprice.learning.features import Preprocessor
from houseprice.learning.model_store import MODEL, PREPROCESSOR
from houseprice.learning.training import PriceModel
from learning.houses import SCHEMA, cleaned
from pipeline import Pipeline

TABLE = cleaned({"plot": "007"}, {"rooms": "", "quarter": ""}, {"quarter": 'a "b", c', "renewed": ""})
CONTENT = TABLE.sales.write_csv().encode()


def reading(folder: Path, content: bytes) -> pl.DataFrame:
    """Write a file and read it as a processed table."""
    path = folder / "cleaned.csv"
    path.write_bytes(content)
    return read_sales(path, SCHEMA)


def test_a_processed_table_is_read_back_as_it_was_cleaned(tmp_path: Path) -> None:
    """Types, blanks, zeros before a parcel number."""
    assert reading(tmp_path, CONTENT).equals(TABLE.sales)


def test_columns_that_were_added_are_left_out(tmp_path: Path) -> None:
    """Only what is declared is read, in the declared order."""
    content = TABLE.sales.select(pl.lit(1).alias("more"), *reversed(TABLE.sales.columns)).write_csv().encode()
    assert reading(tmp_path, content).equals(TABLE.sales)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "cleaned.csv"),
        (b"a,b\n1,2\n", "plot, day, paid"),
        (CONTENT.replace(b"built", b"bilt"), "built"),
        (CONTENT.replace(b",100.5,", b",,"), "paid"),
        (CONTENT.replace(b",55.0,", b",much,"), "cleaned.csv"),
        (CONTENT.replace(b"2015-01-02", b"02.01.2015"), "day|2.01"),
        (CONTENT.replace(b",3,", b",3.5,"), "cleaned.csv"),
        (CONTENT.replace(b"north", b"n\xffrth"), "cleaned.csv"),
        (CONTENT + b"x,y," * 40 + b"\n", "cleaned.csv"),
        (CONTENT[:-1], "cleaned.csv"),
        (CONTENT[:-8], "cleaned.csv"),
    ],
)
def test_what_is_no_whole_processed_table_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    """One sentence with the file, and what to run."""
    with pytest.raises(DataError, match=told) as err:
        reading(tmp_path, content)
    assert "cleaned.csv" in str(err.value)
    assert err.value.code == "processed_table_invalid"
    assert "\n" not in str(err.value)


def test_a_processed_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The artifact is named; a folder is no table."""
    with pytest.raises(DataError, match="processed-data") as excinfo:
        read_sales(tmp_path / "no.csv", SCHEMA)
    assert excinfo.value.code == "processed_table_not_found"
    with pytest.raises(DataError) as excinfo:
        read_sales(tmp_path, SCHEMA)
    assert excinfo.value.code == "processed_table_invalid"


@given(st.integers(1, len(CONTENT) - 1))
def test_a_table_that_was_cut_short_is_never_taken_for_a_whole_one(
    tmp_path_factory: pytest.TempPathFactory, end: int
) -> None:
    """Only whole rows can go missing unseen, never a part of one."""
    folder = tmp_path_factory.getbasetemp()
    try:
        found = reading(folder, CONTENT[:end])
    except DataError:
        return  # anything else fails the test
    assert CONTENT[:end].endswith(b"\n")
    assert found.equals(TABLE.sales[: found.height])


@pytest.fixture(scope="module")
def pair(little: Pipeline) -> tuple[Preprocessor, PriceModel]:
    """Return the small pipeline's preprocessor and model."""
    trained = little.models / "trained"
    return (
        pickle.loads((trained / PREPROCESSOR).read_bytes()),
        pickle.loads((trained / MODEL).read_bytes()),
    )


def test_importance_is_told_of_what_a_request_has(pair: tuple[Preprocessor, PriceModel]) -> None:
    """A derived feature's share goes to the columns that it was made of, and all shares are one together."""
    shares = importance(*pair)
    assert set(shares) == set(SCHEMA.request)
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-6)
    assert all(share >= 0 for share in shares.values())
    assert shares["area"] == max(shares.values())


def test_the_sealed_manifest_tells_the_newest_sale_that_was_learned_from(little: Pipeline) -> None:
    """And the sample is of held-out sales, the newest of them."""
    assert little.trained.bundle is not None
    from houseprice.bundle.load import open_bundle

    bundle = open_bundle(little.bundle)
    newest = read_sales(little.cleaned, SCHEMA)["day"].max()
    assert isinstance(newest, date)
    assert bundle.manifest.reference_date == newest.isoformat()
    assert bundle.manifest.project["currency"] == little.config.project.currency
    first = little.trained.metrics["first_holdout_date"]
    assert all(row["day"] >= first for row in bundle.sample["rows"])


def test_a_run_is_told_by_commit_configuration_and_lock(
    little: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of a checkout nothing is made up."""
    monkeypatch.delenv("GITHUB_SHA", raising=False)
    found = hashes(little.config, tmp_path)
    assert found == {"commit": "unknown", "config": little.config.sha256, "lock": "unknown"}
    (tmp_path / "requirements.txt").write_bytes(b"")
    assert hashes(little.config, tmp_path)["lock"].startswith("e3b0c442")
