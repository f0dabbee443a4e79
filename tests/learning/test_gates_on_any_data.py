"""The mutation tests of the gates on sales of another market."""

from pathlib import Path

import pytest
import yaml

from houseprice import pipeline
from houseprice.config import load
from learning.markets import configuration, sales

pytestmark = pytest.mark.long


@pytest.mark.parametrize("lacking", [(), ("vendida", "barrio", "calle")])
def test_the_gates_are_tested_on_other_data(tmp_path: Path, lacking: tuple[str, ...]) -> None:
    """Mutations that the sales do not allow are left out with the reason; every other is caught."""
    table = sales(900).drop(*lacking)
    raw, config_file = tmp_path / "raw.csv", tmp_path / "config.yaml"
    table.write_csv(raw)
    config_file.write_text(yaml.safe_dump(configuration(table.columns), allow_unicode=True))
    unmutated, *results = pipeline.self_test(load(config_file), raw)
    judged = [result for result in results if not result.inapplicable]
    assert unmutated.failed == ()
    assert [result.mutation for result in judged if not result.caught] == []
    assert len(judged) > 10
    left_out = {result.mutation for result in results if result.inapplicable}
    assert ("held-out rows among the training rows" in left_out) is ("vendida" in lacking)
