"""The corpus: decisions are right, what is ambiguous is asked, and nothing is silently wrong."""

from pathlib import Path

import pytest

from corpus import CASES
from corpus.checking import Outcome, check, table_of
from corpus.report import LEAST_RIGHT, right_share
from corpus.spec import Case
from houseprice.cli.check import check as rejections
from houseprice.cli.check import is_too_much
from houseprice.config import load
from houseprice.inference import understand
from houseprice.inference.answers import parse_answers
from houseprice.inference.yaml_text import write_yaml


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Outcome]]:
    """Return name of a file → its outcomes."""
    return {case.name: check(case, table_of(case)) for case in CASES}


def test_the_corpus_is_large() -> None:
    """It has at least 120 files of 20 to 400 rows, each with its own name."""
    assert len({case.name for case in CASES}) == len(CASES) >= 120
    assert all(20 <= case.rows <= 400 for case in CASES)


def test_nearly_all_decisions_are_right(outcomes: dict[str, list[Outcome]]) -> None:
    """A wrong decision can be corrected in the configuration, but few are."""
    found = [one for of_file in outcomes.values() for one in of_file]
    assert right_share(found) >= LEAST_RIGHT, [one for one in found if not one.right]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_ambiguous_is_asked_and_nothing_is_silently_wrong(
    case: Case, outcomes: dict[str, list[Outcome]]
) -> None:
    """No value, price or leak is wrong without having been asked about."""
    found = outcomes[case.name]
    assert [one for one in found if one.silent] == []
    assert [one for one in found if one.about == "asked" and not one.right] == []


@pytest.mark.parametrize("case", [case for case in CASES if not case.asked or case.answers], ids=lambda case: case.name)
def test_a_file_is_accepted_by_the_configuration_that_is_written_for_it(case: Case, tmp_path: Path) -> None:
    """It can be loaded, and rejects nothing but subtotals, and prices that are none or not at arm's length."""
    source, config = tmp_path / "sales.csv", tmp_path / "sales.yaml"
    source.write_bytes(case.content())
    texts = table_of(case)
    understood = understand(texts, parse_answers(case.answers, texts.columns))
    config.write_text(write_yaml(understood, name="sales", raw=source, layout={}), encoding="utf-8")
    loaded = load(config)
    found = rejections(loaded, source)
    assert not is_too_much(found, loaded)
    assert found.rejected == found.set_aside or case.name in {"token_prices", "subtotals"}
