"""What a person tells with `--set`: checked, and put in the place of what was found."""

import re
from collections.abc import Callable
from typing import get_args

from houseprice.conversion import CellForm, Kind
from houseprice.errors import ConfigError, nearest
from houseprice.inference.date_forms import ORDERS
from houseprice.inference.decisions import Finding
from houseprice.inference.drafts import Draft

OF_FILE = ("target", "date_order", "currency")
OF_COLUMNS = ("kind", "role", "unit", "decimal", "thousands", "factor", "date_order", "exclude")
_FACTOR = re.compile(r"[0-9]*[1-9][0-9]*(?:\.[0-9]+)?|0?\.[0-9]*[1-9][0-9]*")
_ALLOWED = {
    "date_order": tuple(ORDERS),
    "decimal": (".", ","),
    "thousands": (".", ",", " ", "'", "none"),
    "kind": get_args(Kind),
}


def parse_answers(pairs: tuple[str, ...], columns: list[str]) -> dict[str, str]:
    """Return key → value of texts such as `date_order=dmy`.

    Raises:
        ConfigError: one is not of that form, or names a key, column or value that does not exist (code
            `answer_unknown`).
    """
    answers = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        key, value = key.strip(), value if value == " " else value.strip()
        if not sign or not value:
            raise ConfigError(
                f'"{pair}" is no answer; write it as --set KEY=VALUE, such as date_order=dmy.',
                code="answer_unknown",
                answer=pair,
            )
        _check(key, value, columns)
        answers[key] = value
    return answers


def _check(key: str, value: str, columns: list[str]) -> None:
    column, _, option = key.rpartition(".")
    if key in OF_FILE:
        option = key
    elif column not in columns or option not in OF_COLUMNS:
        known = [*OF_FILE, *(f"{name}.{one}" for name in columns for one in OF_COLUMNS)]
        raise ConfigError(
            f"--set {key} is not known{nearest(key, known)}; it is one of {', '.join(OF_FILE)}, or COLUMN and one of "
            f"{', '.join(OF_COLUMNS)}, as in COLUMN.{OF_COLUMNS[0]}.",
            code="answer_unknown",
            answer=key,
        )
    if option == "target" and value not in columns:
        raise ConfigError(
            f'--set target names "{value}", which is no column{nearest(value, columns)}.',
            code="answer_unknown",
            answer=value,
        )
    if option == "factor" and not _FACTOR.fullmatch(value):
        raise ConfigError(
            f'--set {key} is a number above 0, such as 1000, not "{value}".', code="answer_unknown", answer=value
        )
    allowed = _ALLOWED.get(option)
    if allowed and value not in allowed:
        raise ConfigError(
            f'--set {key} is one of {", ".join(allowed)}, not "{value}".', code="answer_unknown", answer=value
        )


def apply_answers(drafts: list[Draft], answers: dict[str, str]) -> Callable[[list[Draft]], None]:
    """Put what was answered of single columns into the drafts; return what repeats it after the roles were given."""
    for draft in drafts:
        told = {
            option: answers[f"{draft.name}.{option}"] for option in OF_COLUMNS if f"{draft.name}.{option}" in answers
        }
        _apply(draft, told)

    def repeat(drafts: list[Draft]) -> None:
        for draft in drafts:
            if answers.get(f"{draft.name}.exclude") == "no" and draft.excluded:
                draft.excluded = ""
                draft.findings.append(Finding("excluded", "certain", "kept, as answered"))
            if unit := answers.get(f"{draft.name}.unit"):
                draft.unit = unit

    return repeat


def _apply(draft: Draft, told: dict[str, str]) -> None:
    if kind := told.get("kind"):
        if draft.kind != kind and kind in ("category", "text", "ordinal"):
            draft.form = CellForm(missing=draft.form.missing)
            draft.shapes, draft.questions = None, []
        draft.kind = kind  # type: ignore[assignment]
        draft.findings.append(Finding("kind", "certain", f"{kind}, as answered"))
    if factor := told.get("factor"):
        draft.form = draft.form.model_copy(update={"factor": float(factor)})
        draft.findings.append(Finding("form", "certain", f"multiplied by {factor}, as answered"))
    if (role := told.get("role")) and role != "none":
        draft.take(role, "certain", "as answered")
    reason = told.get("exclude")
    if reason and reason != "no":
        draft.exclude(reason, "certain")
