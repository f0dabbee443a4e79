"""The store of predictions and a shadow model on a deployment host, started as docs/operations.md says."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scraping import wait_until

from programs import base_image

pytestmark = [pytest.mark.image, pytest.mark.long]
COMPOSE = Path(__file__).parents[2] / "deploy" / "compose.yaml"


def compose(production: Any, *words: str, given: str = "") -> str:
    """Run docker compose with the settings that the deployment has remembered; return what it prints."""
    state = production.host.state
    command = ["docker", "compose", "--env-file", str(state / "compose.env"), "--file", str(COMPOSE), *words]
    environ = os.environ | {"POSTGRES_IMAGE": base_image()}  # for its chown; PostgreSQL itself is not needed here
    done = subprocess.run(command, input=given, capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_predictions_are_stored_beside_those_of_a_shadow_model(production: Any, images: Any, tmp_path: Path) -> None:
    """Commands of the store run in the live slot: prices paid from a file, and a deletion."""
    shadow = shutil.copytree(images["second"].bundle, tmp_path / "shadow")
    for path in (shadow, *shadow.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    production.host.environ.update(HOUSEPRICE_STORE="sqlite:////spool/store.db", HOUSEPRICE_SHADOW=str(shadow))
    production.host.prepare()
    compose(production, "--profile", "store", "run", "--rm", "spool-owner")
    production.deploy(images["first"])
    slot, _ = production.host.live()

    def run(*words: str, given: str = "") -> str:
        return compose(production, "exec", "-T", slot, "python", *words, given=given)

    def store(*words: str, given: str = "") -> Any:
        return json.loads(run("-m", "houseprice", *words, "--json", given=given))

    def stored() -> int:
        run("-m", "houseprice", "store", "export", "--output", "/spool/all.csv")
        return run("-c", "print(open('/spool/all.csv').read())").count(",house-1,")

    house = {**images["first"].golden[0], "reference": "house-1"}
    assert production.host.public().request("POST", "/predict", house)[0] == 200
    wait_until(lambda: stored() == 2)  # that of the live model, and that of the shadow model
    sold = f"reference,price,sale_date\nhouse-1,{images['first'].golden[1]:.0f},{datetime.now(UTC):%Y-%m-%d}\n"
    assert store("actuals", "load", "/dev/stdin", given=sold)["added"] == 1
    assert store("store", "delete", "house-1")["predictions"] == 2
    assert store("store", "status")["labelled"] == 0
