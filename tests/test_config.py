"""The configuration: what it takes, what follows from it, and what its digest is of."""

import copy
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from config_files import OWN, TEXT, TREE, Written, with_value
from houseprice.config import load


def test_the_projects_own_configuration_loads() -> None:
    """What is committed is valid, and its columns are a schema in the order of the file."""
    config = load(OWN)
    assert list(config.schema_.columns) == list(TREE["data"]["columns"])
    assert config.schema_.target == "price"


def test_it_cannot_be_changed() -> None:
    """A step cannot alter what another step reads."""
    config = load(OWN)
    with pytest.raises(ValidationError, match="frozen"):
        config.gates.max_log_rmse = 9.0  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        config.gates = config.gates  # type: ignore[misc]


def test_its_digest_is_of_the_choices_alone(written: Written) -> None:
    """Comments and the order of keys do not count, values do."""
    turned = {name: TREE[name] for name in reversed(TREE)}
    own = load(written(TEXT)).sha256
    assert load(written(yaml.safe_dump(turned, sort_keys=False))).sha256 == own
    assert load(written(TEXT + "# another comment\n")).sha256 == own
    assert load(written(with_value("training.seed", 7))).sha256 != own


def test_defaults_stand_in_for_what_is_left_out(written: Written) -> None:
    """Optional keys need not be written."""
    config = load(written(with_value("tracking.uri", None)))
    assert config.tracking.uri is None
    assert load(written(with_value("data.file", None))).data.file.separator == "auto"


def test_project_and_columns_are_all_that_a_file_needs(written: Written) -> None:
    """Paths and names follow from the project's name, and no gate judges by a limit of another market."""
    tree = {key: TREE[key] for key in ("project", "data", "training")} | {"project": {"name": "a-b", "currency": "EUR"}}
    config = load(written(yaml.safe_dump(tree)))
    assert {str(path).split("/")[-2] for path in (config.paths.cleaned, config.paths.featured)} == {"a-b"}
    assert (config.paths.raw, config.paths.models) == (Path("data/raw/a-b.csv"), Path("models/a-b"))
    assert (config.tracking.experiment, config.tracking.registered_model, config.image.repository) == ("a-b",) * 3
    limits = ("max_log_rmse", "min_log_rmse", "max_median_ape", "max_cod", "max_model_bytes", "max_latency_ratio")
    assert [getattr(config.gates, name) for name in limits] == [None] * len(limits)
    tree["paths"] = {"models": "elsewhere"}  # type: ignore[assignment]
    assert load(written(yaml.safe_dump(tree))).paths.models == Path("elsewhere")


def test_a_column_less_is_a_derived_feature_less(written: Written) -> None:
    """With `auto`, what is derived of a column goes with it."""
    tree = copy.deepcopy(TREE)
    tree["features"] = {"derived": "auto"}
    assert set(load(OWN).derived) == set(load(written(yaml.safe_dump(tree))).derived)
    del tree["data"]["columns"]["bathrooms"]
    del tree["training"]["kernel_ridge"]["columns"]["bathrooms"]
    assert set(load(OWN).derived) - set(load(written(yaml.safe_dump(tree))).derived) == {"bathrooms_per_room"}


def test_a_byte_order_mark_does_no_harm(written: Written) -> None:
    """Some editors write one."""
    assert load(written(b"\xef\xbb\xbf" + TEXT.encode())) == load(written(TEXT))
