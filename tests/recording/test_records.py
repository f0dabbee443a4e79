"""Records of the spool, read: expected errors and hashes of what was asked."""

import json

from toy import FULL, LEAST

from houseprice.bundle.load import Bundle
from houseprice.recording.records import read_records, stored_inputs
from houseprice.schema import Schema
from houseprice.serving.request import RequestModel
from houseprice.store import hash_house

ANSWER = {
    "predicted_price": 100.0, "prediction_interval": [80.0, 125.0], "coverage": 0.9, "currency": "EUR",
    "valuation_date": None, "warnings": [{"column": "zip", "kind": "missing", "message": "m"}], "model_version": "v",
}  # fmt: skip


def test_the_expected_error_is_the_one_that_was_served(toy: Bundle) -> None:
    """A server of before, whose answers hold none, leaves it unknown."""
    answers = [{**ANSWER, "fsd": 0.125}, ANSWER]
    lines = [json.dumps([1.0, "r", LEAST, answer]).encode() for answer in answers]
    found = read_records(lines, RequestModel(toy.manifest.schema_)).predictions
    assert [one.fsd for one in found] == [0.125, None]


def test_a_house_as_it_was_sent_and_one_that_was_validated_are_the_same(toy: Bundle) -> None:
    """Numbers as floats, dates as texts, codes as texts, and no reference among the columns."""
    rules = RequestModel(toy.manifest.schema_)
    sent = {**FULL, "zip": 98178, "pool": True, "reference": 12, "heating": None}
    (valid,) = rules.validate([sent])
    lines = [[1.0, "r", sent, ANSWER], [1.0, "r", 0, "12", valid, ANSWER]]
    one, other = read_records([json.dumps(line, default=str).encode() for line in lines], rules).predictions
    assert one == other
    assert one.reference == "12"
    assert one.inputs == {**{name: value for name, value in FULL.items() if name != "heating"}, "pool": 1.0}


def test_a_house_of_another_schema_is_kept_as_it_was_sent(toy: Bundle) -> None:
    """A model that has answered before may have had other columns."""
    line = json.dumps([1.0, "r", {**LEAST, "garage": 2}, ANSWER]).encode()
    (found,) = read_records([line], RequestModel(toy.manifest.schema_)).predictions
    assert found.inputs == {**LEAST, "garage": 2}


def test_a_column_named_reference_stays_a_column(toy: Bundle) -> None:
    """Where the schema has one, nobody's reference is taken out of the house."""
    columns = {**toy.manifest.schema_.columns}
    columns["reference"] = columns["zip"]
    line = json.dumps([1.0, "r", {**LEAST, "reference": "a"}, ANSWER]).encode()
    (found,) = read_records([line], RequestModel(Schema(columns=columns))).predictions
    assert found.reference is None
    assert found.inputs == {**LEAST, "reference": "a"}


def test_the_hash_leaves_out_the_valuation_date(toy: Bundle) -> None:
    """It is no property of the house."""
    rules = RequestModel(toy.manifest.schema_)
    lines = [json.dumps([1.0, "r", {**LEAST, "sold": day}, ANSWER]).encode() for day in ("2015-01-01", "2015-02-01")]
    found = stored_inputs(read_records(lines, rules).predictions, "hash")
    assert {one.inputs_hash for one in found} == {hash_house(LEAST)}
    assert {one.inputs is None for one in found} == {True}
