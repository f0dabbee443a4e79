"""The configuration is strict, and every problem is reported at once with its dotted key."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config_files import TEXT, TREE, Written, refusal, with_value
from houseprice.config import Config, load
from houseprice.errors import ConfigError


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "config_not_a_mapping"),
        ("# only a comment\n", "config_not_a_mapping"),
        ("~", "config_not_a_mapping"),
        ("- project\n- paths\n", "config_not_a_mapping"),
        ("hello", "config_not_a_mapping"),
        ("a: [1, 2", "config_not_yaml"),
        ("project:\n\tname: x\n", "config_not_yaml"),
        ("a: \x00", "config_not_yaml"),
        ("a: 1\n---\nb: 2\n", "config_not_yaml"),
        ("a: &a [*a]\n", "config_not_yaml"),
        ("[1, 2]: 3\n", "config_not_yaml"),
        ("[" * 50_000, "config_not_yaml"),
        (TEXT.replace("1900-01-01", "1900-13-45"), "config_invalid"),
        ("a: !!python/object/apply:os.system [true]\n", "config_not_yaml"),
        (TEXT.replace("USD", "US\xe9").encode("latin-1"), "config_unreadable"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_is_no_configuration_is_refused_with_a_sentence(written: Written, content: str, code: str) -> None:
    """Nothing that a file may hold gets past, and the file is named."""
    path = written(content)
    error = refusal(path)
    assert error.code == code
    assert f'"{path}"' in str(error)


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    """The path that was looked for and the option to correct are both named."""
    error = refusal(tmp_path / "no.yaml")
    assert error.code == "config_not_found"
    assert all(part in str(error) for part in (str(tmp_path / "no.yaml"), "--config"))
    assert refusal(tmp_path).code == "config_unreadable"


@pytest.mark.parametrize("again", ["project: {}\n", "data:\n  missing: []\n  missing: []\n"])
def test_a_key_that_is_given_twice_is_refused(written: Written, again: str) -> None:
    """YAML would take the last one without a word; the line of the second is told."""
    path = written(TEXT + again)
    error = refusal(path)
    assert error.code == "config_not_yaml"
    assert re.search(r'"(project|data|missing)".*line \d+', str(error))


@pytest.mark.parametrize(
    ("dotted", "value", "told"),
    [
        ("split.folds", "ten", 'split.folds: input should be a valid integer, found "ten"'),
        ("split.folds", "10", 'split.folds: input should be a valid integer, found "10"'),
        ("split.folds", 2.5, "split.folds: input should be a valid integer"),
        ("split.folds", 1, 'split.folds: input should be greater than or equal to 2, found "1"'),
        ("split.holdout_share", "0.15", "split.holdout_share: input should be a valid number"),
        ("split.holdout_share", 1.0, "split.holdout_share: input should be less than 1"),
        ("training.threads", True, "training.threads: input should be a valid integer"),
        ("training.threads", 0, "training.threads: input should be greater than 0"),
        ("gates.max_log_rmse", float("nan"), "gates.max_log_rmse: input should be a finite number"),
        ("gates.max_log_rmse", float("inf"), "gates.max_log_rmse: input should be a finite number"),
        ("gates.coverage", [0.95, 0.85], "gates: coverage must be given as [lowest, highest]"),
        ("gates.coverage", [0.5], "gates.coverage.1: missing"),
        ("project.name", "My Project", "project.name: string should match pattern"),
        ("project.currency", "dollars", "project.currency: string should match pattern"),
        ("image.repository", "Upper/Case", "image.repository: string should match pattern"),
        ("data.file.separator", "::", "data.file.separator: input should be 'auto'"),
        ("data.file.encoding", "latin-0", "data.file.encoding: must be auto, or an encoding"),
        ("data.file.names", ["id"], "data.file: names are only for a file without a header"),
        ("data.form", {"dates": []}, "data.form: dates names at least one format"),
        ("data.excluded", {"price": "seen"}, "data: price cannot be both declared and excluded"),
        ("data.columns", [], "data.columns: input should be an object"),
        ("data.columns", {}, 'data.columns: no column has the role "target"'),
        ("data.columns.price", None, 'data.columns: no column has the role "target"'),
        ("data.columns.price.kind", "money", "data.columns.price.kind: input should be 'number'"),
        ("data.columns.price.minimum", True, "data.columns.price.minimum: expected a finite number"),
        ("data.columns.price.required", False, 'data.columns: "price" has the role "target" and must be required'),
        ("data.columns.view.levels", None, "data.columns.view: an ordinal column needs its levels"),
        (
            "data.columns.row",
            {"kind": "flag", "description": "?"},
            'data.columns: "row" is reserved for a column that the pipeline adds',
        ),
        ("features.derived", "age_at_sale", "features.derived: expected auto, or a list of names"),
        ("features.derived", [1], "features.derived: expected auto, or a list of names"),
        ("split.protocol", "newest", "split.protocol: input should be 'auto', 'time' or 'random'"),
        ("paths.raw", 3, "paths.raw: input should be a valid string"),
        ("project", None, "project: missing"),
        ("project", "x", "project: input should be an object"),
    ],
)
def test_a_wrong_value_is_told_with_its_dotted_key(written: Written, dotted: str, value: Any, told: str) -> None:
    """The key, what was expected there and what was found are all in one line."""
    problems = refusal(written(with_value(dotted, value))).problems
    assert any(problem.startswith(told) for problem in problems), problems


@pytest.mark.parametrize(
    ("dotted", "told"),
    [
        ("projet", 'projet: unknown key (did you mean "project"?)'),
        ("split.holdout_shares", 'split.holdout_shares: unknown key (did you mean "holdout_share"?)'),
        ("data.columns.price.rol", 'data.columns.price.rol: unknown key (did you mean "role"?)'),
        ("data.colums", 'data.colums: unknown key (did you mean "columns"?)'),
        ("gates.qqqq", "gates.qqqq: unknown key"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known_one(written: Written, dotted: str, told: str) -> None:
    """A misspelt key is never a silent default."""
    assert refusal(written(with_value(dotted, 1))).problems == (told,)


def test_an_unknown_key_in_a_list_is_told_with_the_nearest_known_one(written: Written) -> None:
    """Each part of a list knows its own keys."""
    kernel = {"centres": 5, "penalty": 1.0, "columns": {"lat": 1.0}, "centers": 5}
    problem = 'training.kernel_ridge.additional_kernels.0.centers: unknown key (did you mean "centres"?)'
    assert refusal(written(with_value("training.kernel_ridge.additional_kernels", [kernel]))).problems == (problem,)


def test_every_problem_is_told_at_once(written: Written) -> None:
    """Nobody has to run again to learn of the next mistake."""
    tree = copy.deepcopy(TREE)
    tree["split"]["folds"] = "ten"
    tree["nonsense"] = 1
    del tree["project"]["currency"]
    tree["data"]["columns"]["price"] |= {"rol": "target", "minimum": "much"}
    error = refusal(written(yaml.safe_dump(tree)))
    keys = sorted(problem.split(":")[0] for problem in error.problems)
    assert keys == [
        "data.columns.price.minimum", "data.columns.price.rol", "nonsense", "project.currency", "split.folds",
    ]  # fmt: skip
    assert "has 5 problems" in str(error)
    assert all(f"\n  {problem}" in str(error) for problem in error.problems)


def leaves(tree: dict[str, Any], above: str = "") -> Iterator[str]:
    """Return the dotted key of every table and value of a configuration."""
    for name, value in tree.items():
        yield f"{above}{name}"
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{name}.")


TABLES = [key for key in leaves(TREE) if key.count(".") <= 1 and not key.startswith("data.columns")]


@given(st.sets(st.sampled_from([k for k in TABLES if isinstance(TREE.get(k), dict)]), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_unknown_keys_are_told_wherever_and_however_many_they_are(written: Written, places: set[str]) -> None:
    """As many problems as strange keys, each with its own place."""
    tree = copy.deepcopy(TREE)
    for place in places:
        tree[place]["zzz_strange"] = {"deep": [1]}
    error = refusal(written(yaml.safe_dump(tree)))
    assert {problem.split(":")[0] for problem in error.problems} == {f"{place}.zzz_strange" for place in places}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    ),
    st.sampled_from(list(leaves(TREE))),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
def test_any_value_anywhere_is_taken_or_refused_with_a_sentence(written: Written, value: Any, dotted: str) -> None:
    """No content of the file can end in anything but a configuration or a ConfigError."""
    try:
        config = load(written(with_value(dotted, value)))
    except ConfigError:
        return  # anything else fails the test
    assert Config.model_validate_json(config.model_dump_json()) == config
