"""What can go wrong: one tree, one exit code for each kind, and hints."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houseprice import errors
from houseprice.errors import ConfigError, HousePriceError, nearest

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HousePriceError)]


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    """Every error is drawn with its exit code and below its parent, and nothing else is drawn."""
    drawn = re.findall(r"^ {4}([│├└─ ]*)(\w+) +(\d+)", errors.__doc__ or "", re.MULTILINE)
    assert {(name, int(code)) for _, name, code in drawn} == {(kind.__name__, kind.exit_code) for kind in KINDS}
    above: dict[int, str] = {}
    for branch, name, _ in drawn:
        depth = len(branch) // 4
        above[depth] = name
        if depth:
            assert getattr(errors, name).__mro__[1].__name__ == above[depth - 1]


def test_no_error_ends_with_a_code_that_means_something_else() -> None:
    """0 is success, 2 is a command line that cannot be understood, and siblings do not share a code."""
    families = [kind for kind in KINDS if kind.__mro__[1] is HousePriceError]
    codes = [kind.exit_code for kind in families]
    assert len(set(codes)) == len(codes)
    assert not {0, 2} & {kind.exit_code for kind in KINDS}
    assert all(kind.exit_code == kind.__mro__[1].exit_code for kind in KINDS if kind.__mro__[1] in families)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_says_its_sentence(kind: type[HousePriceError]) -> None:
    """The text of an error is the sentence that it was given."""
    assert str(kind("Found this, expected that.")) == "Found this, expected that."


def test_a_config_error_keeps_its_problems_apart() -> None:
    """Whoever catches it finds one line for each problem."""
    assert ConfigError("two", problems=(line for line in ("a: missing", "b: unknown"))).problems == (
        "a: missing",
        "b: unknown",
    )
    assert ConfigError("none").problems == ()


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("grad", ' (did you mean "grade"?)'),
        ("grade ", ' (did you mean "grade"?)'),
        ("sqft_livng", ' (did you mean "sqft_living"?)'),
        ("SQFT_LIVING", ' (did you mean "sqft_living"?)'),
        ("xyz", ""),
        ("", ""),
    ],
)
def test_the_nearest_known_name_is_hinted_at(typed: str, hint: str) -> None:
    """A slip of the finger gets a hint, and something altogether different gets none."""
    assert nearest(typed, ["grade", "sqft_living", "zipcode"]) == hint


def test_of_equally_near_names_the_one_with_the_same_beginning_is_hinted_at() -> None:
    """In whatever order they are known."""
    for known in (["north_east", "north_west"], ["north_west", "north_east"]):
        assert nearest("north_eest", known) == ' (did you mean "north_east"?)'
        assert nearest("north_wast", known) == ' (did you mean "north_west"?)'


@given(st.text(), st.lists(st.text() | st.integers()))
def test_a_hint_never_fails_and_names_only_what_is_known(typed: str, known: list[object]) -> None:
    """Whatever was typed, the hint is nothing or one of the known names."""
    assert nearest(typed, known) in {"", *(f' (did you mean "{name}"?)' for name in known)}  # type: ignore[arg-type]
