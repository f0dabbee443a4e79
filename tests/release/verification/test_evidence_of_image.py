"""An evidence pack of a published image: the signature of the image counts, and the pack names its digest."""

import json
from collections.abc import Callable
from pathlib import Path

import loopback
import pytest
from tiny_image import Keys, Published

from houseprice.release.signing import KEY, PASSWORD
from programs import error_code

pytestmark = pytest.mark.long
RunCli = Callable[..., tuple[int, str, str]]


def test_a_published_image_has_a_pack_that_replays(
    run_cli: RunCli, good: Published, keys: Keys, others_keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the key of whoever signed image and pack, and with no other."""
    monkeypatch.setenv("DOCKERHUB_USERNAME", loopback.USER)
    monkeypatch.setenv("DOCKERHUB_TOKEN", loopback.TOKEN)
    monkeypatch.setenv(KEY, str(keys.folder / "cosign.key"))
    monkeypatch.setenv(PASSWORD, keys.password)
    image, pack = str(good.repository.tagged("latest")), tmp_path / "pack"
    trusted, other = (("--key", one.public) for one in (keys, others_keys))
    assert run_cli("evidence", image, *trusted, "--output", pack)[0] == 0
    stated = json.loads((pack / "evidence.json").read_bytes())["image"]
    assert stated["digest"] == good.layout.digest
    assert len(stated["signers"]) == 1
    code, out, _ = run_cli("evidence", image, *trusted, "--replay", pack, "--json")
    assert code == 0
    assert {one["name"] for one in json.loads(out)["checks"] if one["passed"] is None} == {"draw of the sample"}
    code, _, err = run_cli("evidence", image, *other, "--replay", pack)
    assert (code, error_code(err)) == (12, "image_mismatch")
