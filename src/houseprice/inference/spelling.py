"""Categories that are written in several ways: Main Street, MAIN STREET and main street are one."""

from houseprice.inference.decisions import Finding
from houseprice.inference.drafts import Draft

_LONGEST_CODE = 2
"""Characters; in codes that short, such as energy classes, small and large letters may differ in meaning."""


def fold_case(drafts: list[Draft]) -> None:
    """Read the letters of a category as small ones where some of its texts differ in nothing else."""
    for draft in drafts:
        if not draft.usable or draft.kind != "category" or draft.role == "parcel" or draft.levels:
            continue
        seen: dict[str, str] = {}
        for text in draft.profile.as_texts.texts:
            other = seen.setdefault(text.lower(), text)
            if other != text and len(text) > _LONGEST_CODE:
                draft.form = draft.form.model_copy(update={"case": "lower"})
                rows = draft.profile.rows_of({other, text})
                draft.findings.append(Finding("form", "likely", f'"{other}" and "{text}" are the same', rows))
                break
