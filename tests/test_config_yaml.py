"""YAML as it is meant: the core schema of YAML 1.2, names as names, and no file that grows without end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from config_files import TEXT
from houseprice.config import load
from houseprice.config.yaml_core import read_yaml
from houseprice.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-6", 1e-6),
        ("5E+3", 5000.0),
        ("+12e03", 12000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("-0.0", 0.0),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("+7", 7),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("No", "No"),
        ("yes", "yes"),
        ("on", "on"),
        ("y", "y"),
        ("tRUE", "tRUE"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("12:30:45", "12:30:45"),
        ("2015-05-27", "2015-05-27"),
        ("1e", "1e"),
        ("e5", "e5"),
        ("=", "="),
        ("'1'", "1"),
        ('"true"', "true"),
        ("[No, 1e2, {off: NO}]", ["No", 100.0, {"off": "NO"}]),
    ],
)
def test_a_value_is_what_the_core_schema_says(written: str, value: Any) -> None:
    """Only true and false are booleans, and whatever is no number of YAML 1.2 is a text."""
    assert read_yaml(f"a: {written}") == {"a": value}
    found = read_yaml(f"- {written}")[0]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("name", ["No", "yes", "on", "null", "~", "true", "2015", "007", "1e3", "2015-05-27", "0x10"])
def test_a_key_is_a_name_as_it_is_written(name: str) -> None:
    """A column may be called like anything that YAML has a meaning for."""
    assert read_yaml(f"{name}: 1\n") == {name: 1}
    assert read_yaml(f"a: {{{name}: 1}}") == {"a": {name: 1}}


@pytest.mark.parametrize("name", ["No", "Null", "1900", "Off"])
def test_a_column_may_bear_such_a_name(tmp_path: Path, name: str) -> None:
    """In the whole configuration, at all places where it is named."""
    path = tmp_path / "config.yaml"
    path.write_text(
        TEXT.replace("grade:  ", f"{name}:  ").replace("      grade: ", f"      {name}: "), encoding="utf-8"
    )
    config = load(path)
    assert config.schema_.columns[name].role == "quality"
    assert name in config.training.kernel_ridge.columns


def test_a_number_with_an_exponent_and_a_text_like_no_are_read_as_meant(tmp_path: Path) -> None:
    """Wherever they stand."""
    path = tmp_path / "config.yaml"
    text = TEXT.replace("ridge_alpha: 10.0", "ridge_alpha: 1e1").replace("retry_seconds: 2.0", "retry_seconds: 2e-1")
    path.write_text(text.replace("experiment: house-price-model", "experiment: No"), encoding="utf-8")
    config = load(path)
    assert (config.training.ridge_alpha, config.tracking.retry_seconds) == (10.0, 0.2)
    assert config.tracking.experiment == "No"


def test_aliases_that_do_no_harm_are_read(tmp_path: Path) -> None:
    """An anchor may be used several times."""
    path = tmp_path / "config.yaml"
    text = TEXT.replace("lat: {inverse_lengthscale: 2.85}", "lat: &place {inverse_lengthscale: 2.85}")
    path.write_text(text.replace("long: {inverse_lengthscale: 2.85}", "long: *place"), encoding="utf-8")
    with_aliases = load(path)
    path.write_text(TEXT, encoding="utf-8")
    assert with_aliases == load(path)


def exponential(form: str) -> str:
    """Return a document of a few lines in which each line names the one before nine times."""
    lines = [f"a0: &a0 {form.format(*['x'] * 9)}"]
    lines += [f"a{n}: &a{n} " + form.format(*[f"*a{n - 1}"] * 9) for n in range(1, 12)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "content",
    [
        exponential("[{},{},{},{},{},{},{},{},{}]"),
        exponential("{{a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: {}, i: {}}}"),
        f"a: &a {'x' * 10_000}\nb: [{','.join(['*a'] * 200)}]",
        "a: " + "[1, 2, 3],\n" * 100_000,
    ],
    ids=["lists", "mappings", "one long text", "no alias at all"],
)
def test_a_file_that_grows_without_end_is_refused_before_it_grows(
    tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is built."""
    path = tmp_path / "config.yaml"
    path.write_text(content)
    built: list[str] = []
    monkeypatch.setattr(yaml.SafeLoader, "construct_object", lambda *_, **__: built.append(""))
    with pytest.raises(ConfigError) as excinfo:
        load(path)
    assert excinfo.value.code == "config_too_large"
    assert not built


Changed = Callable[[str, str], Path]


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Write the project's configuration with one text replaced; return its path."""

    def one(old: str, new: str) -> Path:
        assert old in TEXT
        path = tmp_path / "config.yaml"
        path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
        return path

    return one


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "categories: [zipcode]",
            "categories: [zipcod]",
            'training.kernel_ridge.categories: "zipcod" is no text column (did you mean "zipcode"?)',
        ),
        (
            "categories: [zipcode]",
            "categories: [grade]",
            'training.kernel_ridge.categories: "grade" is no text column',
        ),
        (
            "      sqft_lot: {",
            "      sqft_lots: {",
            'training.kernel_ridge.columns: "sqft_lots" is no numeric feature (did you mean "sqft_lot"?)',
        ),
        (
            "      floors: {}",
            "      date: {}",
            'training.kernel_ridge.columns: "date" is no numeric feature',
        ),
        (
            "    - north_west",
            "    - nort_west",
            'features.derived: unknown "nort_west" (did you mean "north_west"?)',
        ),
        (
            "role: bathrooms, ",
            "",
            'features.derived: "bathrooms_per_room" needs columns with the roles bathrooms',
        ),
        ("    - north_west", "    - north_east", 'features.derived: "north_east" is given twice'),
        ("    - north_west", "    - grade", 'features.derived: "grade" is the name of a column'),
    ],
)
def test_a_name_that_does_not_exist_is_told_with_the_nearest_one(
    changed: Changed, old: str, new: str, problem: str
) -> None:
    """Nothing is trained without a column that was asked for."""
    with pytest.raises(ConfigError) as excinfo:
        load(changed(old, new))
    assert excinfo.value.code == "config_invalid"
    assert excinfo.value.problems == (problem,)


def test_every_name_that_does_not_exist_is_told_at_once(changed: Changed) -> None:
    """Each on a line of its own."""
    with pytest.raises(ConfigError) as excinfo:
        load(changed("categories: [zipcode]", "categories: [a, b]"))
    assert len(excinfo.value.problems) == 2
