"""The port and the routes that hosting platforms ask for, heard by server and probe alike."""

import os
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from running import Server
from toy import FULL, FULL_PRICE

from houseprice.cli.serving import serve
from houseprice.serving import healthcheck
from houseprice.serving.protocols import platforms

OURS = (*platforms.PORT_VARIABLES, "SAGEMAKER_REGION")


@pytest.mark.parametrize(
    ("variables", "port"),
    [
        ({}, 8000),
        ({"PORT": "8123"}, 8123),
        ({"AIP_HTTP_PORT": "8080", "PORT": "8123"}, 8080),
        ({"HOUSEPRICE_PORT": "9000", "AIP_HTTP_PORT": "8080"}, 9000),
        ({"HOUSEPRICE_PORT": "", "PORT": "8123"}, 8123),
        ({"SAGEMAKER_REGION": "eu-central-1"}, 8080),
        ({"SAGEMAKER_REGION": "eu-central-1", "SAGEMAKER_BIND_TO_PORT": "8321"}, 8321),
        ({"SAGEMAKER_REGION": "eu-central-1", "HOUSEPRICE_PORT": "9000"}, 9000),
    ],
)
def test_server_and_probe_hear_the_same_port(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variables: dict[str, str], port: int
) -> None:
    """Our own variable is heard first, then the platform's; SageMaker is known by its variables."""
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    option = next(part for part in serve.params if part.name == "port")
    assert option.get_default(click.Context(serve)) == platforms.default_port(os.environ)
    heard = serve.make_context("serve", []).params["port"]
    assert heard == port
    monkeypatch.delenv("HOUSEPRICE_HOST", raising=False)
    with pytest.raises(SystemExit):
        healthcheck.main(["--help"])
    assert f"http://127.0.0.1:{port}/health" in "".join(capsys.readouterr().out.split())


def test_the_help_says_which_variables_are_heard() -> None:
    """All of them are in the help, in their order."""
    text = "".join(CliRunner().invoke(serve, ["--help"]).output.split())
    assert ",".join(platforms.PORT_VARIABLES) in text


def test_a_server_serves_the_routes_that_vertex_sets(start: Callable[..., Server]) -> None:
    """A real process: its routes answer in Vertex AI's form, and one house asked in our own form is still priced."""
    server = start(AIP_PREDICT_ROUTE="/predict", AIP_HEALTH_ROUTE="/health", AIP_HTTP_PORT="1")
    assert server.ask("POST", "/predict", {"instances": [FULL]}) == (200, {"predictions": [FULL_PRICE]})
    assert server.ask("GET", "/health")[1]["status"] == "ok"
    assert server.ask("POST", "/invocations", {"instances": [FULL]})[0] == 200


def test_the_image_leaves_the_port_open(root: Path) -> None:
    """A port in the image's own environment would be heard before a platform's; its command is the one they give."""
    text = (root / "Dockerfile").read_text()
    assert not any(f"{name}=" in text for name in platforms.PORT_VARIABLES)
    assert 'ENTRYPOINT ["python", "-m", "houseprice"]\nCMD ["serve"]' in text
