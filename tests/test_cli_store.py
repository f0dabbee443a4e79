"""The commands `store` and `actuals`, as a person or a script types them."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from houseprice.bundle.load import read_manifest
from houseprice.store import open_store
from programs import error_code
from stored import prediction

RunCli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a store with three predictions, which the environment names; there is no bundle."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store = open_store(url)
    store.add([prediction(request_id=f"r{n}", reference=f"h{n}") for n in range(3)])
    store.close()
    monkeypatch.setenv("HOUSEPRICE_STORE", url)
    monkeypatch.setenv("HOUSEPRICE_BUNDLE", str(tmp_path / "no-bundle"))
    return url


def sales(tmp_path: Path, *rows: str) -> Path:
    """Write a file of sales; return its path."""
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(["reference,price,sale_date", *rows]))
    return path


def test_the_status_for_people_and_scripts(run_cli: RunCli, url: str) -> None:
    """The same facts."""
    code, out, _ = run_cli("store", "status", "--json")
    status = json.loads(out)
    assert (code, status["predictions"], status["labelled"], status["database"]) == (0, 3, 0, "sqlite")
    assert datetime.fromisoformat(status["first"]) == datetime(2026, 5, 1, 9, 30, 0, 123456, UTC)
    code, out, _ = run_cli("store", "status")
    assert code == 0
    assert "2026-05-01" in out


def test_prices_paid_are_loaded(run_cli: RunCli, url: str, tmp_path: Path) -> None:
    """Added, corrected, and passed over when they are known."""
    path = sales(tmp_path, "h0,500000,2026-05-20", "h1,510000,2026-05-20")
    code, out, _ = run_cli("actuals", "load", path, "--json")
    assert (code, json.loads(out)) == (0, {"added": 2, "corrected": 0, "duplicates": 0, "unknown": 0})
    path = sales(tmp_path, "h0,500000,2026-05-20", "h1,520000,2026-05-20", "h2,530000,2026-05-20")
    code, _, err = run_cli("actuals", "load", path)
    assert (code, error_code(err)) == (4, "actuals_invalid")
    code, out, _ = run_cli("actuals", "load", path, "--skip-known", "--json")
    assert (code, json.loads(out)) == (0, {"added": 1, "corrected": 1, "duplicates": 1, "unknown": 0})
    path = sales(tmp_path, "h0,540000,2026-05-20", "h9,520000,2026-05-20")
    code, out, _ = run_cli("actuals", "load", path, "--skip-unknown", "--json")
    assert (code, json.loads(out)) == (0, {"added": 0, "corrected": 1, "duplicates": 0, "unknown": 1})


def test_broken_rows_are_a_table_and_nothing_is_taken(run_cli: RunCli, url: str, tmp_path: Path) -> None:
    """Whether the file or the store finds them; the numbers are the lines of the file."""
    path = sales(tmp_path, "h0,500000,2026-05-20", "h1,much,2026-05-20", "h9,500000,someday")
    code, out, err = run_cli("actuals", "load", path, "--json")
    assert (code, error_code(err)) == (4, "actuals_invalid")
    found = [(row["row"], row["code"]) for row in json.loads(out)["errors"]]
    assert found == [(3, "price_invalid"), (4, "date_invalid")]
    path = sales(tmp_path, "h0,500000,2026-05-20", "h1,-5,2026-05-20", "h9,500000,2026-05-20")
    code, out, err = run_cli("actuals", "load", path)
    assert (code, out) == (4, "")
    lines = [line.split()[:2] for line in err.splitlines()[1:3]]
    assert lines == [["3", "price_invalid"], ["4", "prediction_unknown"]]
    assert json.loads(run_cli("store", "status", "--json")[1])["labelled"] == 0


def test_a_long_list_of_broken_rows_is_cut_for_people(run_cli: RunCli, url: str, tmp_path: Path) -> None:
    """But not for scripts."""
    path = sales(tmp_path, *(f"x{n},500000,2026-05-20" for n in range(80)))
    assert len(run_cli("actuals", "load", path)[2].splitlines()) < 60
    assert len(json.loads(run_cli("actuals", "load", path, "--json")[1])["errors"]) == 80


def test_a_foreign_currency_is_refused(run_cli: RunCli, url: str, tmp_path: Path) -> None:
    """Also where it is said for the whole file."""
    path = sales(tmp_path, "h0,500000,2026-05-20")
    code, out, _ = run_cli("actuals", "load", path, "--currency", "SGD", "--json")
    assert (code, json.loads(out)["errors"][0]["code"]) == (4, "currency_mismatch")


def test_the_houses_own_columns_find_their_predictions(
    run_cli: RunCli, url: str, tmp_path: Path, bundle_dir: Path
) -> None:
    """With the bundle that says what they mean."""
    house = json.loads((bundle_dir / "sample.json").read_text())["rows"][0]
    house.pop("date")
    store = open_store(url)
    store.add([prediction(request_id="asked", reference=None, inputs=house)])
    store.close()
    path = tmp_path / "sold.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["date", "price", *house])
        writer.writerow(["2026-05-20", "500000", *(str(value) for value in house.values())])
    code, out, _ = run_cli("actuals", "load", path, "--bundle", bundle_dir, "--json")
    assert (code, json.loads(out)["added"]) == (0, 1)


def test_predictions_are_deleted_and_exported(run_cli: RunCli, url: str, tmp_path: Path) -> None:
    """Each command says how many."""
    assert run_cli("actuals", "load", sales(tmp_path, "h0,500000,2026-05-20"))[0] == 0
    out = run_cli("store", "export", "--output", tmp_path / "all.csv", "--json")[1]
    assert json.loads(out) == {"predictions": 3}
    out = run_cli("store", "export", "--output", tmp_path / "labelled.csv", "--labelled", "--json")[1]
    assert json.loads(out) == {"predictions": 1}
    with (tmp_path / "labelled.csv").open() as stream:
        assert [row["reference"] for row in csv.DictReader(stream)] == ["h0"]
    assert json.loads(run_cli("store", "delete", "h0", "--json")[1]) == {"predictions": 1}
    assert json.loads(run_cli("store", "prune", "--before", "2026-05-01", "--json")[1]) == {"predictions": 0}
    assert json.loads(run_cli("store", "prune", "--days", "1", "--json")[1]) == {"predictions": 2}


@pytest.mark.parametrize("words", [(), ("--days", "1", "--before", "2026-05-01"), ("--days", "0")])
def test_what_is_old_must_be_said_once(run_cli: RunCli, url: str, words: tuple[str, ...]) -> None:
    """Nothing is deleted by a command that does not say what."""
    assert run_cli("store", "prune", *words)[0] == 2
    assert json.loads(run_cli("store", "status", "--json")[1])["predictions"] == 3


def test_a_store_that_is_not_named_or_not_there(
    run_cli: RunCli, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option goes before the variable."""
    code, _, err = run_cli("store", "status", "--store", "mysql://db/store")
    assert (code, error_code(err)) == (16, "store_url_invalid")
    code, _, err = run_cli("store", "status", "--store", f"sqlite:///{tmp_path}/none/store.db")
    assert (code, error_code(err)) == (16, "store_unreachable")
    monkeypatch.delenv("HOUSEPRICE_STORE")
    assert run_cli("store", "status")[0] == 2


def test_sales_are_exported_to_learn_from(run_cli: RunCli, url: str, bundle_dir: Path, tmp_path: Path) -> None:
    """Those whose price is known, with the columns of the model's schema."""
    run_cli("actuals", "load", sales(tmp_path, "h0,500000,2026-05-20"))
    words = ("actuals", "export", "--output", tmp_path / "new.csv", "--bundle", bundle_dir, "--json")
    code, out, err = run_cli(*words)
    assert (code, json.loads(out)) == (0, {"sales": 1, "left_out": 0}), err
    (row,) = csv.DictReader((tmp_path / "new.csv").open())
    assert list(row) == list(read_manifest(bundle_dir).schema_.columns)
    code, _, err = run_cli("actuals", "export", "--output", tmp_path / "new.xlsx", "--bundle", bundle_dir)
    assert (code, error_code(err)) == (4, "output_format_unknown")
