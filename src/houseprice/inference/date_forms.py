"""How the dates of a column are written: formats, and the order of day and month."""

import re
from dataclasses import dataclass

from houseprice.conversion import CellForm
from houseprice.inference.date_templates import ENGLISH, Template, templates_of
from houseprice.inference.decisions import Finding, Question, Verdict
from houseprice.inference.profile import Profile

RARE = 0.01
"""Share of dates that may be of the other order as errors of typing."""

ORDERS = {"dmy": ("%d", "%m", "%Y"), "mdy": ("%m", "%d", "%Y"), "ymd": ("%Y", "%m", "%d")}


@dataclass(frozen=True)
class DateDecision:
    """The form of a column of dates, or what has to be asked about it."""

    form: CellForm
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...] = ()
    order: str = ""


def decide_dates(column: Profile, order_of_file: str | None, answer: str | None) -> DateDecision | None:
    """Return the form of a column of dates that are written with signs or names; None when it is none."""
    column = column.as_values
    if not column.filled:
        return None
    grouped = templates_of(column)
    if grouped is None:
        return None
    templates, months = grouped
    findings: list[Finding] = []
    questions: tuple[Question, ...] = ()
    order = ""
    if any(one.is_open for one in templates):
        order, found, questions = _order(column, [one for one in templates if one.is_open], order_of_file, answer)
        findings += found
    formats = list(dict.fromkeys(_close(one, order or "dmy") for one in templates))
    if not any(one.is_open for one in templates):
        findings.append(Finding("form", "certain", f"dates as {column.texts[0]}", column.first[:1]))
    if len(formats) > 1:
        findings.append(
            Finding("form", "likely", f"dates are written in {len(formats)} ways", _first_rows(column, templates))
        )
    names = {name: number for name, number in months.items() if name.rstrip(".") not in ENGLISH}
    if names:  # a column of one language needs all of its names
        formats = [form.replace("%b", "%m") for form in formats]
        names = dict(months)
    return DateDecision(
        CellForm(dates=tuple(formats), month_names=dict(sorted(names.items()))), tuple(findings), questions, order
    )


def _parts(text: str) -> tuple[int, int, int]:
    first, second, third = (int(part) for part in re.findall(r"\d+", text)[:3])
    return first, second, third


def _order(  # noqa: PLR0911 - a return for each proof
    column: Profile, templates: list[Template], order_of_file: str | None, answer: str | None
) -> tuple[str, list[Finding], tuple[Question, ...]]:
    """Return the order of day, month and year, with its proof, or the question."""
    if answer in ORDERS:
        return answer, [Finding("form", "certain", f"dates are in the order {answer}, as answered")], ()
    counts = dict(zip(column.texts, column.counts, strict=True))
    read = [(text, *_parts(text), counts[text]) for one in templates for text in one.texts]
    if any("{y}" in one.format for one in templates) and any(a > 31 for _, a, _, _, _ in read):
        proof = {text for text, a, _, _, _ in read if a > 31}
        return "ymd", [Finding("form", "certain", "the year comes first", column.rows_of(proof))], ()
    day_first = {text for text, a, b, _, _ in read if a > 12 >= b}
    month_first = {text for text, a, b, _, _ in read if b > 12 >= a}
    weights = [sum(counts[text] for text in texts) for texts in (day_first, month_first)]
    short_year = any("{y}" in one.format for one in templates) and all(1 <= c <= 31 for _, _, _, c, _ in read)
    if weights[0] and weights[1] and min(weights) > RARE * sum(weights):
        rows = (*column.rows_of(day_first, 1), *column.rows_of(month_first, 1))
        examples = " and ".join(f'"{sorted(texts)[0]}"' for texts in (day_first, month_first))
        text = (
            f'"{column.name}" holds dates of two orders ({examples}); write them in one, or say which is meant: the '
            "others are rejected."
        )
        return (
            "",
            [],
            (Question("date_order_mixed", "date_order", text, _answers(sorted(day_first)[0]), column.name, rows),),
        )
    signs = {re.sub(r"\d", "", text)[:1] for text in day_first | month_first}
    open_ones = [text for text, a, b, _, _ in read if a != b and re.sub(r"\d", "", text)[:1] not in signs]
    if signs and sum(counts[text] for text in open_ones) > RARE * sum(counts.values()) and not order_of_file:
        shown = sorted(day_first | month_first)[0]
        text = f'"{open_ones[0]}" in "{column.name}" may be two days: only dates written as "{shown}" tell the day.'
        rows = column.rows_of({open_ones[0]})
        answers = _answers(open_ones[0])
        return "", [], (Question("date_order_ambiguous", "date_order", text, answers, column.name, rows),)
    for order, texts, weight in (("dmy", day_first, weights[0]), ("mdy", month_first, weights[1])):
        if weight and weight >= max(weights):
            if short_year and order == "dmy" and _year_may_be_first(read):
                break
            verdict: Verdict = "likely" if min(weights) else "certain"
            place = "first" if order == "dmy" else "second"
            part = next(max(a, b) for text, a, b, _, _ in read if text in texts)
            reason = f"the day comes {place}: {part} is no month"
            return order, [Finding("form", verdict, reason, column.rows_of(texts))], ()
    if all(a == b for _, a, b, _, _ in read):
        return "dmy", [Finding("form", "certain", "day and month are the same in every date")], ()
    seconds, firsts = {b for _, _, b, _, _ in read}, {a for _, a, _, _, _ in read}
    if firsts == {1} and len(seconds) >= 4:
        return "dmy", [Finding("form", "likely", "each date is the first day of a month", column.first[:2])], ()
    if seconds == {1} and len(firsts) >= 4:
        return "mdy", [Finding("form", "likely", "each date is the first day of a month", column.first[:2])], ()
    if order_of_file and not short_year:
        return (
            order_of_file,
            [Finding("form", "likely", f"the order is {order_of_file}, as in other columns of the file")],
            (),
        )
    example = next(text for text, a, b, _, _ in read if a != b)
    text = f'"{example}" in "{column.name}" may be two days: no date of the column tells the day from the month.'
    if short_year and weights != [0, 0]:
        text = f'"{example}" in "{column.name}" may be two days: no date of the column tells the day from the year.'
    return (
        "",
        [],
        (
            Question(
                "date_order_ambiguous",
                "date_order",
                text,
                _answers(example, short=short_year),
                column.name,
                column.rows_of({example}),
            ),
        ),
    )


def _year_may_be_first(read: list[tuple[str, int, int, int, int]]) -> bool:
    """Return whether two digits in front may be the year: days spread over the month, and years do not."""
    firsts, thirds = {a for _, a, _, _, _ in read}, {c for _, _, _, c, _ in read}
    return len(firsts) <= len(thirds) or (len(firsts) < 12 and len(thirds) > 6)


def _answers(example: str, *, short: bool = False) -> dict[str, str]:
    first, second, third = re.findall(r"\d+", example)[:3]
    found = {
        "dmy": f"{example} is day {first}, month {second}",
        "mdy": f"{example} is month {first}, day {second}",
    }
    if short:
        found["ymd"] = f"{example} is year {first}, month {second}, day {third}"
    return found


def _close(template: Template, order: str) -> str:
    """Return the format with the order of its parts settled."""
    if not template.is_open:
        return template.format
    first, second, third = ORDERS[order]
    if "{y}" in template.format:
        first, second, third = (part.replace("%Y", "%y") for part in (first, second, third))
    elif order == "ymd":
        first, second, third = ORDERS["dmy"]
    return template.format.replace("{1}", first).replace("{2}", second).replace("{3}", third).replace("{y}", third)


def _first_rows(column: Profile, templates: list[Template]) -> tuple[int, ...]:
    return tuple(sorted(column.rows_of({one.texts[0]}, 1)[0] for one in templates))[:3]
