"""The API against its own OpenAPI document: Schemathesis makes requests, and all of its checks look at the answers."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from running import Server
from schemathesis import Case, GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from houseprice.bundle.load import open_bundle
from houseprice.serving.app import create_app
from houseprice.serving.settings import Settings
from pipeline import Pipeline

load_all_checks()
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "5xx"]
"""Schemathesis' own list, and 413: too many houses break `maxItems`, and are too many."""
BOTH = [positive_data_acceptance, negative_data_rejection]


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 3])
def test_the_command_line_finds_nothing(
    start: Callable[..., Server], bundle_dir: Path, tmp_path: Path, seed: int
) -> None:
    """Every phase and every check of `st run`, over HTTP, on every route, tables among them."""
    server = start("--bundle", str(bundle_dir))
    command = [Path(sys.executable).with_name("st"), "run", f"http://{server.host}:{server.port}/openapi.json"]
    options = ["--checks", "all", "--max-examples", "40", "--seed", f"{seed}", "--no-color"]
    said = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert said.returncode == 0, said.stdout[-4000:]
    assert "failed" not in said.stdout.partition("Test cases:")[2]


@pytest.mark.long
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_documented(pipe: Pipeline, mode: GenerationMode) -> None:
    """Status, content type, headers and body; what breaks the document is refused, what follows it is not.

    The last two are not asked of tables and lines, whose texts JSON schema cannot describe.
    """
    app = create_app(open_bundle(pipe.bundle), Settings(max_rows=50))
    judged = 0
    checks = {"negative_data_rejection": {"expected-statuses": REFUSED}}
    config = SchemathesisConfig.from_dict({"checks": checks})
    for found in schemathesis.openapi.from_asgi("/openapi.json", app, config=config).get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=40, suppress_health_check=list(HealthCheck), database=None)
        def answered(case: Case) -> None:
            plain = case.media_type in {None, "application/json"}
            case.call_and_validate(excluded_checks=[] if plain else BOTH)

        try:
            answered()
        except Unsatisfiable:  # a request without body or parameters can break nothing
            assert mode is GenerationMode.NEGATIVE
            continue
        judged += 1
    assert judged >= 7
