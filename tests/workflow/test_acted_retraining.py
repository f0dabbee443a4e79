"""The workflow that retrains, run here: from a file of new sales to a signed image, or a champion that stays."""

import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import acting
import loopback
import polars as pl
import pytest
from acting import Run, Stage
from checkouts import ROOT, WORKFLOW, with_small_image
from file_server import https
from github_api import GitHub, github, make_run, zipped

from houseprice.config import load
from houseprice.pipeline import process
from pipeline import quick_config

pytestmark = pytest.mark.workflow

CONFIG, RAW = "configs/model_config.yaml", "data/raw/house_data.csv"
RETRAIN = ".github/workflows/retrain.yml"
JOBS = ("data-processing", "feature-engineering", "model-training", "build-and-publish")
MARKET = 1.25
"""How much dearer houses are since."""


def of_2014(text: str) -> str:
    """Return every third of the sales of 2014, from which a model is quickly learned."""
    header, *lines = text.splitlines()
    return "\n".join([header, *(line for line in lines[::3] if ",2014-" in line)]) + "\n"


@dataclass(frozen=True)
class Production:
    """A published model, and the place of the sales that came in since."""

    stage: Stage
    champion: Run
    api: GitHub
    remote: Path
    exported: Path
    env: dict[str, str]

    def retrain(self, name: str, sales: pl.DataFrame) -> Run:
        """Export sales, and run the workflow as its schedule does."""
        sales.write_csv(self.exported / f"{name}.csv")
        return self.stage.run(
            name, event="schedule", workflow=RETRAIN, after=self.champion, change=CHANGE,
            env=self.env, secrets={"SALES_URL": f"{self.env['EXPORTED']}/{name}.csv"},
        )  # fmt: skip


CHANGE = {CONFIG: quick_config, RAW: of_2014}


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """The sales of 2015 as an export writes them: in canonical form."""
    cleaned = tmp_path_factory.mktemp("sales") / "cleaned.csv"
    process(load(ROOT / CONFIG), ROOT / RAW, cleaned)
    table = pl.read_csv(cleaned, infer_schema=False)
    return table.filter(pl.col("date") >= "2015-01-01")


@pytest.fixture(scope="module")
def production(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """A model of 2014 that the pipeline published into a registry of its own."""
    home = tmp_path_factory.mktemp("production")
    remote, exported = home / "remote.git", home / "exported"
    exported.mkdir()
    subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)
    with loopback.registry() as registry, https(exported, home) as (address, certificate):
        acting.docker("login", "--username", loopback.USER, "--password-stdin", registry.host, text=loopback.TOKEN)
        stage = replace(stage, registry=registry)
        env = {"HOUSEPRICE_MLFLOW_DEADLINE": "180"}
        champion = stage.run("champion", change={**CHANGE, WORKFLOW: with_small_image}, env=env)
        assert champion.code == 0, champion.log[-6000:]
        with github(zipped(champion.artifacts / "mlflow-history")) as api:
            api.runs = [make_run(1)]
            env |= {
                "EXPORTED": address,
                "CURL_CA_BUNDLE": str(certificate),
                "HOUSEPRICE_GITHUB_API": api.address,
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"url.file://{remote}.insteadOf",
                "GIT_CONFIG_VALUE_0": "https://github.com/tester/house-price-model.git",
            }
            yield Production(stage, champion, api, remote, exported, env)
        acting.docker("logout", registry.host)


def test_a_champion_that_is_not_beaten_stays(production: Production, sales: pl.DataFrame) -> None:
    """A few more sales of the same market: the run is green, and nothing is published or proposed."""
    before = production.stage.registry.tags()
    run = production.retrain("unbeaten", sales.head(40))
    assert run.code == 0, run.log[-6000:]
    assert [run.ended(job) for job in ("sales", *JOBS, "propose")] == ["succeeded"] * 4 + ["", ""]
    assert (run.artifacts / "mlflow-history" / "mlflow.db").is_file()
    assert not (run.artifacts / "trained-model" / "bundle").exists()
    assert production.stage.registry.tags() == before
    assert production.api.pulls == []


def test_sales_that_are_known_are_not_trained_with(production: Production) -> None:
    """The run is green, and ends when it has counted them."""
    known = pl.read_csv(production.champion.artifacts / "processed-data" / "cleaned_house_data.csv", infer_schema=False)
    run = production.retrain("known", known.head(50))
    assert run.code == 0, run.log[-6000:]
    assert [run.ended(job) for job in ("sales", *JOBS, "propose")] == ["succeeded"] * 2 + [""] * 4
    assert production.api.pulls == []


def test_a_file_of_sales_becomes_an_image_in_one_run(production: Production, sales: pl.DataFrame) -> None:
    """Houses are dearer since: the model that learned it is built, tested, signed, `latest`, and its sales proposed."""
    before = production.stage.registry.tags()
    dearer = sales.with_columns((pl.col("price").cast(pl.Float64) * MARKET).round().cast(pl.Int64))[::3]
    run = production.retrain("retrained", dearer)
    assert run.code == 0, run.log[-8000:]
    assert [run.ended(job) for job in ("sales", *JOBS, "propose")] == ["succeeded"] * 6
    (opened,) = production.api.pulls
    command = ["git", "-C", str(production.remote), "rev-parse", opened["head"], f"{opened['head']}~1"]
    commit, parent = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert parent == run.commit
    tags = production.stage.registry.tags()
    assert tags == {**before, commit[:7]: tags["latest"], "latest": tags["latest"]}
    assert tags["latest"] != before["latest"]
    assert tags["latest"] in opened["body"]
    found = acting.verified(production.stage, commit[:7])
    assert found["revision"] == commit
    with sqlite3.connect(f"file:{run.artifacts / 'mlflow-history' / 'mlflow.db'}?mode=ro", uri=True) as database:
        query = "select alias, version from registered_model_aliases order by alias"
        assert database.execute(query).fetchall() == [("challenger", 2), ("champion", 2)]
