"""The configuration is strict, and every problem is reported at once with its dotted key."""

import copy
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from houseprice.cli import main
from houseprice.config import Config, load
from houseprice.config.renamed_keys import RENAMED
from houseprice.errors import ConfigError
from pipeline import with_hand_set

OWN = Path(__file__).parents[1] / "configs" / "model_config.yaml"
TEXT = with_hand_set(OWN.read_text(encoding="utf-8"))
TREE: dict[str, Any] = yaml.safe_load(TEXT)
Written = Callable[[str | bytes], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a configuration; return its path."""

    def one(content: str | bytes) -> Path:
        path = tmp_path / "config.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return one


def refusal(path: Path) -> ConfigError:
    """Return the error that loading a file ends with."""
    with pytest.raises(ConfigError) as err:
        load(path)
    return err.value


def with_value(dotted: str, value: Any) -> str:
    """Return the project's configuration with one value set, or taken away when it is None."""
    tree = copy.deepcopy(TREE)
    *parents, last = dotted.split(".")
    place = tree
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return yaml.safe_dump(tree, sort_keys=False)


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


def test_a_byte_order_mark_does_no_harm(written: Written) -> None:
    """Some editors write one."""
    assert load(written(b"\xef\xbb\xbf" + TEXT.encode())) == load(written(TEXT))


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


OLD_KEYS = [
    ("data.separator", "data.file.separator"),
    ("data.decimal", "data.form.decimal"),
    ("data.thousands_separator", "data.form.thousands"),
    ("data.date_formats", "data.form.dates"),
    ("training.level_weight", "training.target_encoding_weight"),
    ("training.forest_share", "training.tree_share"),
    ("training.trust", "training.robust_weights"),
    ("training.smooth", "training.kernel_ridge"),
    ("training.boosting.rounds", "training.boosting.iterations"),
    ("training.boosting.column_share", "training.boosting.feature_fraction"),
    ("training.boosting.row_share", "training.boosting.row_fraction"),
    ("training.boosting.borders", "training.boosting.border_count"),
    ("training.smooth.sharpness", "training.kernel_ridge.inverse_lengthscale"),
    ("training.smooth.text_penalty", "training.kernel_ridge.category_penalty"),
    ("training.smooth.texts", "training.kernel_ridge.categories"),
    ("training.smooth.further", "training.kernel_ridge.additional_kernels"),
    ("training.kernel_ridge.sharpness", "training.kernel_ridge.inverse_lengthscale"),
    ("training.smooth.columns.lat.sharpness", "training.kernel_ridge.columns.lat.inverse_lengthscale"),
    ("training.kernel_ridge.columns.lat.form", "training.kernel_ridge.columns.lat.transform"),
    ("training.smooth.further.0.others", "training.kernel_ridge.additional_kernels.0.other_columns_scale"),
    ("gates.max_unknown_texts", "gates.max_unknown_categories"),
    ("gates.max_row_microseconds", "gates.max_latency_ratio"),
    ("gates.max_latency_microseconds", "gates.max_latency_ratio"),
    ("gates.max_worst_slice_log_rmse", "gates.max_worst_slice_ratio"),
    ("gates.leaks", "gates.leakage"),
]


@pytest.mark.parametrize(("old", "new"), OLD_KEYS)
def test_a_renamed_key_is_refused_with_its_new_name(written: Written, old: str, new: str) -> None:
    """Whoever comes with an older file is told what each key is called now."""
    tree = copy.deepcopy(TREE)
    parent: Any = tree
    *parents, last = old.split(".")
    for name in parents:
        parent = parent[0] if name == "0" else parent.setdefault(name, [{}] if name == "further" else {})
    parent[last] = 1
    error = refusal(written(yaml.safe_dump(tree)))
    assert error.code == "config_key_renamed"
    assert error.details["renamed"][old] == new
    assert new in str(error)


def test_every_renamed_key_is_tested() -> None:
    """A key that is renamed later needs its line above."""
    assert {old.split(".")[-1] for old, _ in OLD_KEYS} == {old.split(".")[-1] for old in RENAMED}


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


def run_cli(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Type a command; return its exit code and what it printed on both streams."""
    with pytest.raises(SystemExit) as left:
        main(list(words))
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Forget what the machine's environment says of this project."""
    for name in list(os.environ):
        if name.startswith(("HOUSEPRICE_", "MLFLOW_")):
            monkeypatch.delenv(name)
    return monkeypatch


def test_problems_end_with_code_3_on_stderr(
    written: Written, capsys: pytest.CaptureFixture[str], no_environment: pytest.MonkeyPatch
) -> None:
    """The command line shows every line, nothing on stdout, and no traceback."""
    path = written(TEXT.replace("folds:", "foldz:"))
    code, out, err = run_cli(capsys, "gate", "--config", str(path))
    assert (code, out) == (3, "")
    assert 'split.foldz: unknown key (did you mean "folds"?)' in err
    assert "Traceback" not in err


def test_the_option_beats_the_environment_which_beats_the_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], no_environment: pytest.MonkeyPatch
) -> None:
    """--config, then HOUSEPRICE_CONFIG, then configs/model_config.yaml below the working folder."""
    no_environment.chdir(tmp_path)
    assert "configs/model_config.yaml" in run_cli(capsys, "gate")[2]
    no_environment.setenv("HOUSEPRICE_CONFIG", "from_environment.yaml")
    assert '"from_environment.yaml" was not found' in run_cli(capsys, "gate")[2]
    assert '"from_option.yaml" was not found' in run_cli(capsys, "gate", "--config", "from_option.yaml")[2]


def test_the_models_folder_can_come_from_the_environment(
    written: Written, capsys: pytest.CaptureFixture[str], no_environment: pytest.MonkeyPatch
) -> None:
    """HOUSEPRICE_MODELS_DIR stands in for --models-dir, which beats it."""
    path = str(written(TEXT))
    no_environment.setenv("HOUSEPRICE_MODELS_DIR", "of_environment")
    assert "of_environment/trained" in run_cli(capsys, "gate", "--config", path)[2]
    assert "of_option/trained" in run_cli(capsys, "gate", "--config", path, "--models-dir", "of_option")[2]
