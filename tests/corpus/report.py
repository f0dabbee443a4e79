"""The table of the corpus: how many decisions are right, asked where ambiguous, and silently wrong."""

from collections.abc import Sequence

from corpus import CASES
from corpus.checking import Outcome, check, table_of

LEAST_RIGHT = 0.97


def outcomes() -> dict[str, list[Outcome]]:
    """Return the outcomes of every case."""
    return {case.name: check(case, table_of(case)) for case in CASES}


def right_share(found: Sequence[Outcome]) -> float:
    """Return the share of the decisions that are right."""
    decisions = [one for one in found if one.about != "asked"]
    return sum(one.right for one in decisions) / len(decisions)


def main() -> int:
    """Print the table; return 1 when a limit is missed."""
    found = outcomes()
    print(f"{'file':28}{'decisions':>10}{'right':>8}{'asked':>7}{'silently wrong':>16}")
    for name, some in found.items():
        decisions = [one for one in some if one.about != "asked"]
        asked = [one for one in some if one.about == "asked"]
        right, silent = sum(one.right for one in decisions), sum(one.silent for one in some)
        print(f"{name:28}{len(decisions):10}{right:8}{'yes' if asked[0].right else 'NO':>7}{silent:16}")
    every = [one for some in found.values() for one in some]
    wrong = [one for one in every if not one.right]
    for one in wrong:
        print(f"  {'SILENTLY ' if one.silent else ''}wrong: {one.case}: {one.column} {one.about}: {one.found}")
    asked = [one for one in every if one.about == "asked"]
    share, silent = right_share(every), sum(one.silent for one in every)
    print(f"{len(found)} files, {len(every) - len(asked)} decisions: {share:.1%} right (at least {LEAST_RIGHT:.0%})")
    print(f"asked where ambiguous, and nowhere else: {sum(one.right for one in asked)} of {len(asked)}")
    print(f"silently wrong: {silent}")
    return int(share < LEAST_RIGHT or silent > 0 or not all(one.right for one in asked))
