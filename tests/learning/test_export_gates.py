"""Gates on the export and on the sealed bundle: each can fail, and the manifest states every one of them."""

from dataclasses import replace

import numpy as np
import pytest

from houseprice.bundle.golden import OUTPUTS
from houseprice.errors import ServingError
from houseprice.learning import export_gates
from houseprice.learning.bundling import read_sales
from houseprice.learning.exported_pair import ExportedPair, export_pair
from houseprice.learning.model_store import ModelStore
from houseprice.learning.verdict import Gate, Verdict, failed_error, verdict_of
from pipeline import Pipeline

PASSED, FAILED = Gate("a", 0.1, "at most 0.2", passed=True), Gate("b", 0.3, "at most 0.2", passed=False)


@pytest.fixture(scope="module")
def exported(little: Pipeline) -> ExportedPair:
    """Return the small pipeline's pair with its graphs."""
    store = ModelStore(little.models)
    sales = read_sales(little.cleaned, little.config.schema_)
    return export_pair(store.preprocessor()[0], store.model()[0], sales, little.config)


def failed(exported: ExportedPair, little: Pipeline) -> list[str]:
    """Return the gates of the export that failed."""
    return [gate.name for gate in export_gates.check_export(exported, little.config) if not gate.passed]


def test_an_export_that_agrees_passes(exported: ExportedPair, little: Pipeline) -> None:
    """Pair, parity of both graphs, size and latency are judged."""
    assert failed(exported, little) == []
    names = [gate.name for gate in export_gates.check_export(exported, little.config)]
    assert {"pair", "parity", "similarity_parity", "model_bytes"} <= set(names)


@pytest.mark.parametrize("changed", [1.0001, np.nan, np.inf])
@pytest.mark.parametrize("output", OUTPUTS)
def test_one_prediction_of_the_pair_that_differs_fails_parity(
    exported: ExportedPair, little: Pipeline, changed: float, output: str
) -> None:
    """Price, interval or FSD, in any row; what is not finite can be stated as JSON all the same."""
    predictions = {name: values.copy() for name, values in exported.predictions.items()}
    predictions[output][-1] *= changed
    other = replace(exported, predictions=predictions)
    assert failed(other, little) == ["parity"]
    verdict = Verdict(export_gates.check_export(other, little.config))
    assert verdict.is_finite == np.isfinite(changed)
    assert (verdict.as_dict()["parity"]["found"] is None) != np.isfinite(changed)
    assert "row 300" in verdict.as_dict()["parity"]["detail"]


def test_coordinates_that_differ_fail_their_own_gate(exported: ExportedPair, little: Pipeline) -> None:
    """Comparables and explanations rest on them."""
    assert failed(replace(exported, similarity_difference=1e-3), little) == ["similarity_parity"]
    assert failed(replace(exported, similarity_difference=np.inf), little) == ["similarity_parity"]


@pytest.mark.parametrize("made", ["0" * 64, ""])
def test_a_preprocessor_of_another_table_fails_the_pair(little: Pipeline, made: str) -> None:
    """Or one that never wrote a table."""
    store = ModelStore(little.models)
    preprocessor, model = store.preprocessor()[0], store.model()[0]
    assert export_gates.check_pair(preprocessor, model).passed
    preprocessor.feature_table_sha256_ = made
    assert not export_gates.check_pair(preprocessor, model).passed


def test_a_manifest_states_every_gate_as_it_was_judged() -> None:
    """One that is missing, or that passed there and failed here, fails the gate of the seal, which names it."""
    judged = Verdict((PASSED, replace(FAILED, reproducible=False)))
    stated = judged.as_dict(for_manifest=True)
    assert list(stated) == ["a", "b"]
    assert stated["b"] == {"required": "at most 0.2", "passed": False}
    assert export_gates.check_sealed(judged, stated).passed
    for other in ({"a": stated["a"]}, {**stated, "b": {**stated["b"], "passed": True}}, {}):
        gate = export_gates.check_sealed(judged, other)
        assert not gate.passed
        assert "b" in gate.detail


def test_a_refusal_of_the_server_fails_the_gate_of_serving() -> None:
    """With its reason and code."""
    assert export_gates.check_serving(None).passed
    gate = export_gates.check_serving(ServingError("no", code="start_failed"))
    assert not gate.passed
    assert "start_failed" in gate.detail


def test_the_verdict_of_a_model_is_read_back(little: Pipeline) -> None:
    """What the manifest leaves out is unknown; a later judgement of a gate takes the place of an earlier one."""
    model = ModelStore(little.models).model()[0]
    verdict = verdict_of(model)
    assert verdict.passed
    assert verdict.as_dict(for_manifest=True) == model.verdict_
    assert {"champion_comparison", "parity", "pair", "sealed_verdict", "serving"} <= set(model.verdict_)
    worse = replace(verdict.gates[0], passed=False)
    assert [gate.name for gate in verdict.with_gates(worse).failed] == [worse.name]
    assert len(verdict.with_gates(worse).gates) == len(verdict.gates)


def test_the_exception_names_the_gates(little: Pipeline) -> None:
    """For whoever reads its details, also when a value is unknown."""
    err = failed_error(Verdict((PASSED, FAILED, replace(FAILED, name="c", found=None))))
    assert (err.code, err.details["gates"]) == ("gate_failed", ["b", "c"])
