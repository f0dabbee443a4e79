"""Evidence packs of sales without dates, places or most columns, and of few: they replay, and state what is absent."""

import json

import pytest

from houseprice.evidence.building import build_pack
from houseprice.evidence.pack import NAME, open_pack, write_pack
from houseprice.evidence.replay import failure, replay
from houseprice.evidence.subject import of_folder
from learning.markets import COLUMNS, Road, sales

pytestmark = pytest.mark.long
FEW = tuple(name for name in COLUMNS if name not in ("precio", "superficie", "barrio"))


@pytest.mark.parametrize(
    ("lacking", "count", "kind"),
    [((), 80, "time"), (("finca", "calle", "norte", "este"), 240, "time"), (FEW, 240, "random")],
    ids=["few sales", "no places", "no dates"],
)
def test_any_model_has_a_pack_that_replays(road: Road, lacking: tuple[str, ...], count: int, kind: str) -> None:
    """With its data: the sample is drawn again, also where whole houses were held out at random."""
    pipe = road(sales(count).drop(*lacking))
    assert pipe.trained.bundle is not None
    subject, folder = of_folder(pipe.trained.bundle), pipe.models.parent / "pack"
    write_pack(build_pack(subject, {}), folder)
    checks = replay(open_pack(folder), subject, pipe.cleaned)
    assert failure(checks) is None
    assert {check.name for check in checks if check.passed is None} == {"signature"}
    stated = json.loads((folder / NAME).read_bytes())
    sample, claims = stated["random_sample"], [one for part in stated["label"] for one in part["measures"]]
    assert sample["size"] == min(sample["held_out"], 300)
    assert sample["evaluated"]
    dated = [one["measured"] for one in claims if one["pointer"] == "/metrics/first_holdout_date"]
    assert dated == [kind == "time"]
