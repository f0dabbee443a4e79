"""The environment's variables: each is heard, and what cannot be understood is told with its name."""

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from toy import Client

from houseprice.errors import ConfigError
from houseprice.serving.settings import DEFAULT, RENAMED, Settings, from_environment, unknown_variables, variable

HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_body_bytes", "1000", 1000), ("max_rows", "5", 5), ("max_concurrent", "1", 1),
        ("max_connections", "9", 9), ("keep_alive_seconds", "60", 60), ("root_path", "/a/b.c", "/a/b.c"),
        ("request_timeout_seconds", "2.5", 2.5), ("body_timeout_seconds", "3", 3.0), ("grace_seconds", "20", 20),
        ("api_keys", f"ann:{HASH}, {HASH.upper()}", (("ann", HASH), ("key2", HASH))),
        ("requests_per_minute", "60", 60), ("cors_origins", "https://a.example, https://b.example",
        ("https://a.example", "https://b.example")), ("trusted_proxies", "10.0.0.1", "10.0.0.1"),
        ("metrics", "off", False), ("docs", "OFF", False), ("access_log", "off", False), ("workers", "2", 2),
        ("allow_red", "on", True),
    ],
)  # fmt: skip
def test_a_variable_sets_one_setting(name: str, text: str, value: object) -> None:
    """That one, and no other."""
    assert from_environment({variable(name): text}) == replace(DEFAULT, **{name: value})


def test_nothing_stated_is_the_default() -> None:
    """So is an empty variable, and what belongs to the command line."""
    assert from_environment({}) == from_environment({"HOUSEPRICE_WORKERS": " ", "HOUSEPRICE_PORT": "x"}) == Settings()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("max_rows", "0"), ("max_rows", "-1"), ("max_rows", "1e3"), ("max_rows", "٣"), ("workers", "two"),
        ("request_timeout_seconds", "0"), ("request_timeout_seconds", "nan"), ("request_timeout_seconds", "inf"),
        ("metrics", "yes"), ("root_path", "a"), ("root_path", "/a/"), ("root_path", "/"), ("root_path", "/a?b"),
        ("api_keys", "secret"), ("api_keys", f"a:{HASH},a:{HASH}"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_understood_is_named(name: str, text: str) -> None:
    """With its variable; the exit code is that of a configuration."""
    with pytest.raises(ConfigError, match=variable(name)) as err:
        from_environment({variable(name): text})
    assert err.value.exit_code == 3


def test_all_problems_are_told_at_once_and_no_key_is_shown() -> None:
    """A key that was given instead of its hash is not written into a log."""
    with pytest.raises(ConfigError) as err:
        from_environment({"HOUSEPRICE_API_KEYS": "tr0ub4dor", "HOUSEPRICE_WORKERS": "0"})
    assert len(err.value.problems) == 2
    assert "tr0ub4dor" not in str(err.value)


def test_a_variable_that_is_no_setting_is_told() -> None:
    """With the nearest one that is; other programs' variables are none of ours."""
    (told,) = unknown_variables({"HOUSEPRICE_MAX_ROW": "1", "HOUSEPRICE_PORT": "1", "PATH": "x"})
    assert told.startswith("HOUSEPRICE_MAX_ROW ")
    assert "HOUSEPRICE_MAX_ROWS" in told


def test_a_variable_that_anything_of_this_project_reads_is_not_called_unknown(root: Path) -> None:
    """Commands share one environment: what another command or a script reads is no mistake for the server."""
    texts = [path.read_text() for path in (root / "src").rglob("*.py")]
    texts += [
        path.read_text() for folder in ("scripts", "deploy") for path in (root / folder).iterdir() if path.is_file()
    ]
    read = set(re.findall(r"\bHOUSEPRICE_[A-Z_]*[A-Z]\b", "\n".join(texts)))
    assert {"HOUSEPRICE_DEBUG", "HOUSEPRICE_MODELS_DIR", "HOUSEPRICE_MLFLOW_PORT"} <= read
    assert unknown_variables(dict.fromkeys(read, "1")) == []


def test_every_setting_is_documented() -> None:
    """In the page of the API, by the name of its variable."""
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    assert [field.name for field in fields(Settings) if variable(field.name) not in page] == []


def test_the_switches_switch(client: Client, without: Client) -> None:
    """Metrics and documentation are there, or are not."""
    for path in ("/metrics", "/docs", "/openapi.json"):
        assert client.get(path).status_code == 200
        assert without.get(path).status_code == 404
    assert without.get("/").headers["location"] == "model"


@pytest.mark.parametrize("old", ["REQUEST_SECONDS", "BODY_SECONDS", "REQUEST_LOG"])
def test_a_former_name_is_refused_with_the_new_one(old: str) -> None:
    """A deployment that still uses it does not start with the default instead."""
    with pytest.raises(ConfigError) as caught:
        from_environment({f"HOUSEPRICE_{old}": "5"})
    assert caught.value.code == "settings_invalid"
    assert f"HOUSEPRICE_{RENAMED[old]}" in str(caught.value)
