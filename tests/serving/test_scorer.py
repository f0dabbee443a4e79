"""The one core behind every way of asking."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy import FULL, FULL_PRICE, LEAST, LEAST_PRICE, altered_golden, seal

from houseprice.bundle import manifest as manifests
from houseprice.bundle.load import Bundle, open_bundle
from houseprice.errors import ArtifactError, ServingError
from houseprice.serving.scorer import HEALTH_SECONDS, Scorer


def test_a_price_is_what_can_be_worked_out_by_hand(scorer: Scorer) -> None:
    """Every column reaches the model as what it is, and blanks as blanks."""
    full, least = scorer.score(scorer.request.validate([FULL, LEAST]))
    assert (full.predicted_price, least.predicted_price) == (FULL_PRICE, LEAST_PRICE)
    assert full.prediction_interval == (FULL_PRICE * 0.8, FULL_PRICE * 1.25)
    assert (full.valuation_date, least.valuation_date) == ("2014-10-13", "2015-05-27")
    assert (full.coverage, full.currency, full.model_version) == (0.9, "EUR", "0123456789ab")


def test_houses_asked_together_or_alone_have_the_same_answers(bundle_dir: Path) -> None:
    """A batch is only faster, with the real model."""
    bundle = open_bundle(bundle_dir)
    scorer = Scorer(bundle)
    houses = scorer.request.validate(bundle.sample["rows"][:200])
    together, alone = scorer.score(houses), [scorer.score([house])[0] for house in houses]
    assert [answer.warnings for answer in together] == [answer.warnings for answer in alone]
    for mine, theirs in zip(together, alone, strict=True):
        assert mine.predicted_price == pytest.approx(theirs.predicted_price, rel=1e-6)
        assert mine.prediction_interval == pytest.approx(theirs.prediction_interval, rel=1e-6)


def test_no_house_has_no_answer(scorer: Scorer) -> None:
    """An empty batch is not a fault."""
    assert scorer.score([]) == []


def test_the_sealed_model_gives_its_own_answers(scorer: Scorer) -> None:
    """Each golden row is proved, or only the first ones."""
    assert [proof.passed for proof in scorer.check_golden_rows()] == [True, True]
    assert len(scorer.check_golden_rows(1)) == 1


def test_the_real_model_gives_its_own_answers(bundle_dir: Path) -> None:
    """The golden rows and the stored sample of the newest sales are answered as when they were sealed."""
    bundle = open_bundle(bundle_dir)
    scorer = Scorer(bundle)
    assert all(proof.passed for proof in scorer.check_golden_rows())
    found = [answer.predicted_price for answer in scorer.score(scorer.request.validate(bundle.sample["rows"]))]
    np.testing.assert_allclose(found, [answer["predicted_price"] for answer in bundle.sample["answers"]], rtol=1e-4)


def test_an_answer_that_is_not_the_sealed_one_is_noticed(tmp_path: Path) -> None:
    """A model that answers otherwise than it did is found out."""
    (proof,) = Scorer(open_bundle(seal(tmp_path, altered_golden()))).check_golden_rows()
    assert not proof.passed
    assert (proof.expected, proof.found) == (1.0, FULL_PRICE)


def test_nothing_to_prove_is_no_proof(tmp_path: Path) -> None:
    """Without golden rows nobody may say that the model is well."""
    empty = {manifests.GOLDEN: {"tolerance": 1e-4, "rows": [], "answers": []}}
    with pytest.raises(ServingError, match="no golden row"):
        Scorer(open_bundle(seal(tmp_path, empty))).check_golden_rows()


def test_a_golden_row_that_breaks_its_own_schema_is_refused(tmp_path: Path) -> None:
    """A folder whose parts do not fit is not served."""
    odd = {manifests.GOLDEN: {"tolerance": 1e-4, "rows": [{**FULL, "rooms": -1}], "answers": [{}]}}
    with pytest.raises(ArtifactError, match=r'golden row .*"rooms" is -1'):
        Scorer(open_bundle(seal(tmp_path, odd)))


def test_a_model_that_asks_for_what_no_request_holds_is_refused(tmp_path: Path, toy: Bundle) -> None:
    """The graph and the schema must be of one and the same model."""
    columns = toy.manifest.schema_.columns
    fewer = {name: column.model_dump() for name, column in columns.items() if name != "pool"}
    with pytest.raises(ArtifactError, match="asks for pool"):
        Scorer(open_bundle(seal(tmp_path, schema={"columns": fewer})))


def test_a_price_that_is_no_number_is_not_given(scorer: Scorer) -> None:
    """Infinity is a failure of the model, not an answer."""
    (house,) = scorer.request.validate([FULL])
    with pytest.raises(ServingError):
        scorer.score([{**house, "lot": 1e308, "living area": 1e308}])


def test_many_health_checks_share_few_predictions(toy_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The golden row is predicted again every moment, not for every probe; a failure is not kept."""
    bundle = open_bundle(toy_dir)
    predict, calls = bundle.model.predict, 0

    def counting(columns: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RuntimeError("out of memory")
        return predict(columns)

    monkeypatch.setattr(bundle.model, "predict", counting)
    scorer = Scorer(bundle)
    with pytest.raises(ServingError):
        scorer.check_health()
    began = time.monotonic()
    assert all(scorer.check_health().passed for _ in range(500))
    assert calls <= 2 + (time.monotonic() - began) / HEALTH_SECONDS
