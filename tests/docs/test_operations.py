"""docs/operations.md, held to the program: words, commands, options, variables and links are those that are there."""

import importlib
import re

import click
import pytest
from tutorial import ROOT, source_texts

from houseprice import errors
from houseprice.cli import COMMANDS
from houseprice.monitoring.alarms import ALPHAS

PAGE = ROOT / "docs" / "operations.md"
TEXT = PAGE.read_text()
QUOTED = [
    words for row in re.findall(r"^\| ([^|]*`[^|]*) \|", TEXT, re.MULTILINE) for words in re.findall("`([^`]+)`", row)
]
TYPED = sorted(
    {*re.findall(r"`houseprice ([a-z-]+)([^`]*)`", TEXT), *re.findall(r"(?m)^houseprice ([a-z-]+)(.*)", TEXT)}
)


def test_what_is_quoted_is_what_is_said() -> None:
    """Each first column of a table names routes of the API, or words that a message has."""
    routes = {"/livez", "/readyz", "/health"}
    said = source_texts()
    strange = [words for words in QUOTED if words not in routes and not _is_in(words, said)]
    assert len(QUOTED) > 20
    assert strange == []


@pytest.mark.parametrize(("name", "rest"), TYPED)
def test_every_command_is_one_with_those_options(name: str, rest: str) -> None:
    """What is to be typed would be understood."""
    words, _, _ = rest.partition("#")
    command = command_of(name)
    if isinstance(command, click.Group) and words.split():
        command = command.commands[words.split()[0]]
    assert set(re.findall(r"--[a-z-]+", words)) <= options_of(command)


def test_every_option_is_one_of_some_command() -> None:
    """An option that is named alone belongs to a command of ours, or to the program that the line names."""
    names = ("predict", "deploy", "rollback", "verify", "audit-log", "store", "actuals")
    known = set().union(*(options_of(command_of(name)) for name in names))
    assert set(re.findall(r"`(--[a-z-]+)[^`]*`", TEXT)) <= known


def test_exit_codes_are_those_of_the_errors() -> None:
    """Each code stands for the family of errors that ends with it."""
    kinds = [found for found in vars(errors).values() if isinstance(found, type)]
    codes = {found.exit_code for found in kinds if issubclass(found, errors.HousePriceError)}
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)}
    assert told <= codes
    assert {11, 12, 13, 14} <= told


def test_every_variable_is_read_by_something() -> None:
    """A variable that is told of has an effect."""
    read = [ROOT / "docs" / "api.md", *(ROOT / "deploy").rglob("*.*"), *(ROOT / ".github").rglob("*.yml")]
    known = source_texts() + "".join(file.read_text() for file in read if file.is_file())
    told = set(re.findall(r"\b(?:HOUSEPRICE|COSIGN|DOCKERHUB)_[A-Z_]+[A-Z]", TEXT)) - {"HOUSEPRICE_STRICT_AUDIT"}
    assert {name for name in told if name not in known} == set()


def test_every_link_leads_somewhere() -> None:
    """Files are there, and so are the headings that are linked to."""
    headings = {_anchor(title) for title in re.findall(r"^##+ (.*)$", TEXT, re.MULTILINE)}
    for target in re.findall(r"\]\((?!http)([^)]+)\)", TEXT):
        path, _, anchor = target.partition("#")
        assert (PAGE.parent / path).exists(), target
        assert path or anchor in headings, target


def options_of(command: click.Command) -> set[str]:
    """Return the options of a command, and of those below it."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return {word for option in command.params for word in option.opts}.union(*map(options_of, below))


def command_of(name: str) -> click.Command:
    """Return a command by its name."""
    command = getattr(importlib.import_module(f"houseprice.cli.{COMMANDS[name]}"), name.replace("-", "_"))
    assert isinstance(command, click.Command)
    return command


def _is_in(words: str, said: str) -> bool:
    """Tell whether a sentence has these words, in this order, with … for what is put in."""
    pattern = ".*?".join(re.escape(part) for part in words.split("…"))
    return bool(re.search(pattern, said.replace("%s", "…")))


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def test_every_alarm_of_the_monitor_has_its_row() -> None:
    """With what it means and what to do, in the order in which the report has them."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", TEXT, re.MULTILINE)
    assert [name for name in rows if name in ALPHAS] == list(ALPHAS)
