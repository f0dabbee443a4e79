"""What can be gone back to: the order in which versions served, and which of them stand."""

import pytest

from houseprice.errors import DeploymentError
from houseprice.release.deployment.audit_entry import Action, Event, Line, Outcome
from houseprice.release.deployment.choices import choices
from houseprice.release.deployment.history import before, served, standing


def chain(*events: tuple[Action, str, Outcome]) -> list[Line]:
    """Give back the lines of a ledger; a version is a letter, which is commit and digest at once."""
    lines: list[Line] = []
    for action, letter, outcome in events:
        event = Event(
            who="me@here", action=action, from_="", to=letter * 40, repository="h:1/u/house-price-model",
            digest=f"sha256:{letter * 64}", outcome=outcome, seconds=1,
        )  # fmt: skip
        lines.append(Line.after(lines[-1] if lines else None, event))
    return lines


def test_only_what_came_through_has_served() -> None:
    """Refused, failed and interrupted deployments never served; a version that came twice counts where it came last."""
    lines = chain(
        ("deploy", "a", "done"), ("deploy", "b", "failed"), ("deploy", "c", "refused"), ("deploy", "d", "interrupted"),
        ("deploy", "e", "done"), ("return", "f", "done"), ("retag", "9", "done"), ("deploy", "a", "done"),
    )  # fmt: skip
    assert [one.commit[0] for one in served(lines)] == ["e", "a"]
    assert str(served(lines)[0].reference) == f"h:1/u/house-price-model@sha256:{'e' * 64}"


@pytest.mark.parametrize(
    ("events", "stack"),
    [
        ([("deploy", "a"), ("deploy", "b"), ("deploy", "c")], "abc"),
        ([("deploy", "a"), ("deploy", "b"), ("rollback", "a")], "a"),
        ([("deploy", "a"), ("deploy", "b"), ("deploy", "c"), ("rollback", "b"), ("rollback", "a")], "a"),
        ([("deploy", "a"), ("deploy", "b"), ("rollback", "a"), ("deploy", "c")], "ac"),
        ([("deploy", "b"), ("rollback", "a")], "ba"),  # a commit that never served here
        ([("deploy", "a"), ("deploy", "b"), ("deploy", "a")], "aba"),  # brought back by a deployment: b is before it
        ([("deploy", "a"), ("deploy", "a")], "a"),
    ],
)
def test_a_rollback_takes_away_what_it_leaves(events: list[tuple[Action, str]], stack: str) -> None:
    """What stands is what was deployed and not left again, so that no rollback leads to what was just left."""
    lines = chain(*((action, letter, "done") for action, letter in events))
    assert "".join(one.commit[0] for one in standing(lines)) == stack
    if len(stack) > 1:
        assert before(lines, f"sha256:{stack[-1] * 64}").commit[0] == stack[-2]
    else:
        with pytest.raises(DeploymentError, match="is the first version that served here"):
            before(lines, f"sha256:{stack[-1] * 64}")


def test_what_the_ledger_does_not_know_is_said() -> None:
    """Where something serves that was never deployed, nobody can tell what was before."""
    with pytest.raises(DeploymentError, match=r"does not know sha256:ffff.*; name where to go with --to"):
        before(chain(("deploy", "a", "done")), f"sha256:{'f' * 64}")


def test_the_list_holds_what_served_and_what_was_only_published() -> None:
    """Newest first, then the tags of commits that never served; other tags are no versions."""
    lines = chain(("deploy", "a", "done"), ("deploy", "b", "done"))
    found = choices(lines, ["latest", "aaaaaaa", "ccccccc", "sha256-x.sig"], f"sha256:{'b' * 64}")
    assert [(one.commit[:7], one.live, one.tagged) for one in found] == [
        ("bbbbbbb", True, False), ("aaaaaaa", False, True), ("ccccccc", False, True)
    ]  # fmt: skip
    assert [one.tagged for one in choices(lines, None, "")] == [None, None]
