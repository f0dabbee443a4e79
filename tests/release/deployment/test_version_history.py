"""Versions that production can be rolled back to, as the audit log tells them."""

import pytest

from houseprice.errors import DeploymentError
from houseprice.release.deployment.audit_log import Action, Entry, Event, Outcome
from houseprice.release.deployment.version_history import available, deployment_stack, find, previous, served
from houseprice.release.image_reference import Repository

REPOSITORY = "h:1/u/house-price-model"


def log(*events: tuple[Action, str, Outcome]) -> list[Entry]:
    """Return entries; a version is a letter, of which revision and digest consist."""
    entries: list[Entry] = []
    for action, letter, outcome in events:
        event = Event(
            actor="me@here", action=action, from_revision="", to_revision=letter * 40, repository=REPOSITORY,
            digest=f"sha256:{letter * 64}", outcome=outcome, duration_seconds=1,
        )  # fmt: skip
        entries.append(Entry.after(entries[-1] if entries else None, event))
    return entries


def test_only_deployments_that_succeeded_have_served() -> None:
    """A version that was deployed twice counts where it was deployed last."""
    entries = log(
        ("deploy", "a", "succeeded"), ("deploy", "b", "failed"), ("deploy", "c", "refused"),
        ("deploy", "d", "interrupted"), ("deploy", "e", "succeeded"), ("automatic_rollback", "f", "succeeded"),
        ("retag", "9", "succeeded"), ("deploy", "a", "succeeded"),
    )  # fmt: skip
    assert [one.revision[0] for one in served(entries)] == ["e", "a"]
    here = Repository("h:1", "u/house-price-model")
    assert str(find(entries, "eee", here)) == f"{REPOSITORY}@sha256:{'e' * 64}"
    assert str(find(entries, "b" * 40, here)) == f"{REPOSITORY}:bbbbbbb"
    assert str(find(entries, f"sha256:{'b' * 64}", here)) == f"{REPOSITORY}@sha256:{'b' * 64}"


@pytest.mark.parametrize(
    ("events", "stack"),
    [
        ([("deploy", "a"), ("deploy", "b"), ("deploy", "c")], "abc"),
        ([("deploy", "a"), ("deploy", "b"), ("rollback", "a")], "a"),
        ([("deploy", "a"), ("deploy", "b"), ("deploy", "c"), ("rollback", "b"), ("rollback", "a")], "a"),
        ([("deploy", "a"), ("deploy", "b"), ("rollback", "a"), ("deploy", "c")], "ac"),
        ([("deploy", "b"), ("rollback", "a")], "ba"),  # a commit that never served here
        ([("deploy", "a"), ("deploy", "b"), ("deploy", "a")], "aba"),  # deployed again: b is before it
        ([("deploy", "a"), ("deploy", "a")], "a"),
    ],
)
def test_a_rollback_removes_what_it_leaves(events: list[tuple[Action, str]], stack: str) -> None:
    """So no rollback leads to the version that was just left."""
    entries = log(*((action, letter, "succeeded") for action, letter in events))
    assert "".join(one.revision[0] for one in deployment_stack(entries)) == stack
    live = f"sha256:{stack[-1] * 64}"
    if len(stack) > 1:
        assert previous(entries, live).revision[0] == stack[-2]
    else:
        with pytest.raises(DeploymentError) as refused:
            previous(entries, live)
        assert refused.value.code == "no_previous_version"


def test_a_live_version_that_was_never_deployed_has_no_previous_one() -> None:
    """The audit log does not know what was before it."""
    with pytest.raises(DeploymentError) as refused:
        previous(log(("deploy", "a", "succeeded")), f"sha256:{'f' * 64}")
    assert refused.value.code == "version_unknown"


def test_available_versions_are_those_that_served_and_published_commits() -> None:
    """Newest first, then tags of commits that never served; other tags are no versions."""
    entries = log(("deploy", "a", "succeeded"), ("deploy", "b", "succeeded"))
    found = available(entries, ["latest", "aaaaaaa", "ccccccc", "sha256-x.sig"], f"sha256:{'b' * 64}")
    assert [(one.revision[:7], one.live, one.tagged) for one in found] == [
        ("bbbbbbb", True, False), ("aaaaaaa", False, True), ("ccccccc", False, True)
    ]  # fmt: skip
    assert [one.tagged for one in available(entries, None, "")] == [None, None]


def test_a_lost_entry_of_the_live_version_leaves_the_last_known_one() -> None:
    """Only of a damaged log: else the live version is one that was never deployed here."""
    entries = log(("deploy", "a", "succeeded"), ("deploy", "b", "succeeded"))
    live = f"sha256:{'c' * 64}"
    assert previous(entries, live, damaged=True).revision[0] == "b"
    with pytest.raises(DeploymentError) as refused:
        previous(entries, live)
    assert refused.value.code == "version_unknown"
