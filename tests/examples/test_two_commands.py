"""Each example goes the whole road with two commands: `init` and `run`; what comes out is served and prices a house."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from running import Server

from houseprice import sales_file
from houseprice.config import Config, load
from made_sales import NOISE
from pipeline import make_once
from two_commands import command, learn_example

pytestmark = pytest.mark.long
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Example:
    """Where the two commands left everything."""

    name: str
    file: Path
    config: Config
    bundle: Path
    reports: Path

    def metrics(self) -> dict[str, Any]:
        """Return what was measured."""
        found: dict[str, Any] = json.loads((self.reports / "metrics.json").read_bytes())
        return found

    def newest(self) -> pl.DataFrame:
        """Return the last rows of the file, as its texts."""
        return sales_file.read(self.file, self.config.data.file).texts.drop(sales_file.ROW).tail(5)


@pytest.fixture(scope="module", params=["ventas", "ames", "windsor", "sacramento"])
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Example:
    """Return an example that has gone the road."""
    name: str = request.param
    bundle = make_once(tmp_path_factory, name, partial(learn_example, name=name))
    home = bundle.parents[2]
    config = load(home / "configs" / f"{name}.yaml")
    return Example(name, home / f"{name}.csv", config, bundle, home / "reports" / name)


@pytest.fixture(scope="module")
def server(example: Example) -> Iterator[Server]:
    """Serve the example's bundle."""
    server = Server("--bundle", str(example.bundle))
    yield server
    server.kill()


def test_the_committed_configuration_fits_the_file(example: Example) -> None:
    """It is what `init` wrote into configs/examples."""
    committed = ROOT / "configs" / "examples" / f"{example.name}.yaml"
    command(example.file.parent, "-m", "houseprice", "init", "--check", str(committed), str(example.file))


def test_it_beats_ridge(example: Example) -> None:
    """On the sales that were held out."""
    metrics = example.metrics()
    assert metrics["holdout"]["log_rmse"] < metrics["baselines"]["ridge"]["log_rmse"]


def test_a_known_truth_is_found(example: Example) -> None:
    """The error is nearly that of somebody who knows the formula, and far from that of a line."""
    if example.name != "ventas":
        pytest.skip("the truth of real sales is not known")
    metrics = example.metrics()
    assert metrics["holdout"]["log_rmse"] < 1.15 * NOISE
    assert metrics["holdout"]["log_rmse"] < 0.9 * metrics["baselines"]["ridge"]["log_rmse"]


def test_a_house_is_priced_in_the_form_of_the_file(example: Example, server: Server) -> None:
    """As JSON with the texts of the file, and as its rows; nothing is converted by hand."""
    columns, sources, rows = example.config.schema_.request, example.config.schema_.sources, example.newest()

    def value(name: str, row: dict[str, str]) -> Any:
        text = " ".join(row[source] for source in sources[name])
        plain = columns[name].form is None and not columns[name].is_text
        return json.loads(text) if plain else text

    houses = [{name: value(name, row) for name in columns if all(row[source] for source in sources[name])}
              for row in rows.to_dicts()]  # fmt: skip
    code, answer = server.ask("POST", "/batch-predict", houses)
    assert code == 200, answer
    prices = [prediction["predicted_price"] for prediction in answer["predictions"]]
    assert answer["predictions"][0]["currency"] == example.config.project.currency

    connection = http.client.HTTPConnection(server.host, server.port)
    separator = example.config.data.file.separator
    connection.request(
        "POST", "/batch-predict", rows.write_csv(separator=separator).encode(), {"Content-Type": "text/csv"}
    )
    table = pl.read_csv(connection.getresponse().read(), separator=separator, infer_schema=False)
    connection.close()
    assert table["predicted_price"].cast(pl.Float64).to_list() == prices


def test_the_file_itself_can_be_priced(example: Example) -> None:
    """In its encoding, with all its columns."""
    output = example.file.with_name("priced.csv")
    command(example.file.parent, "-m", "houseprice", "predict", "--bundle", str(example.bundle),
            "--input", str(example.file), "--output", str(output))  # fmt: skip
    rows = sales_file.read(example.file, example.config.data.file).texts.height
    assert len(output.read_bytes().splitlines()) == rows + 1
