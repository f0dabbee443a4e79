"""Planted defects: every gate is seen red for the defect that it is there for."""

from pathlib import Path

import pytest

from houseprice import pipeline
from houseprice.config import Config
from houseprice.learning import gate_self_test
from houseprice.learning.gate_mutations import MUTATIONS, SERVED

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def results(config: Config, root: Path) -> list[gate_self_test.MutationResult]:
    """Plant every defect once, into a quarter of the real sales."""
    return pipeline.self_test(config, root / config.paths.raw)


def test_without_a_defect_nothing_is_failed(results: list[gate_self_test.MutationResult]) -> None:
    """The baseline that defects are planted into passes every gate, so that red means the defect."""
    assert results[0].failed == ()


@pytest.mark.parametrize("mutation", [*MUTATIONS, SERVED[0]])
def test_the_right_gate_goes_failed(results: list[gate_self_test.MutationResult], mutation: str) -> None:
    """Each defect turns the gate red that is there for it."""
    result = next(result for result in results if result.mutation == mutation)
    assert result.caught, f"{result.gate} did not fail, but {result.failed or 'nothing'}"
