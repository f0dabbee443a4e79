"""Prices paid: checked, matched with the predictions by which they are judged, and taken all together or not at all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, insert, text, update

from houseprice.errors import InvalidActualsError, RowError
from houseprice.store import matching
from houseprice.store.matching import Found, Key, Stored
from houseprice.store.records import Actual, ActualsResult
from houseprice.store.tables import actuals

LARGEST_PRICE = 1e15
MAX_ROWS = 2**31
UNKNOWN = ("prediction_unknown", "sale_before_prediction")
"""Codes of sales that no answer can be judged by."""
MAX_RATIO = 100.0
"""A price further from the predicted one is taken for a mistake, such as one in thousands, or a gift."""


@dataclass(frozen=True, slots=True)
class _Match:
    """A sale, the key that found its prediction, and what was found."""

    row: int
    actual: Actual
    key: Key
    found: Found


def add(
    connection: Connection,
    given: Sequence[Actual],
    currency: str | None,
    now: datetime,
    *,
    skip_known: bool,
    skip_unknown: bool,
) -> ActualsResult:
    """Store prices paid; see `Store.add_actuals`."""
    if connection.dialect.name == "postgresql":  # two that load the same sale wait for each other
        connection.execute(text("LOCK TABLE actuals IN SHARE ROW EXCLUSIVE MODE"))
    errors = [error for row, actual in enumerate(given) for error in _check_alone(row, actual, now.date())]
    broken = {error.row for error in errors}
    sound = [(row, actual) for row, actual in enumerate(given) if row not in broken]
    matches = _match(connection, sound, errors.append)
    matches = [match for match in matches if _check_match(match, currency, errors.append)]
    _check_repeated(matches, errors.append)
    unknown = {error.row for error in errors if error.code in UNKNOWN} if skip_unknown else set()
    errors = [error for error in errors if error.row not in unknown]
    known = _stored(connection, matches)
    duplicates = {match.row for match, found in zip(matches, known, strict=True) if _is_same(match, found)}
    if not skip_known:
        errors += [RowError(row, "duplicate", "This price is stored already for this sale.") for row in duplicates]
    if errors:
        rows = {error.row for error in errors}
        raise InvalidActualsError(
            f"{len(rows)} of {len(given)} prices paid cannot be taken, so none was. Correct these rows, or leave them "
            "out.",
            sorted(errors, key=lambda error: error.row),
            count=len(rows),
        )
    new = [(match, found) for match, found in zip(matches, known, strict=True) if match.row not in duplicates]
    corrected = _write(connection, new, now)
    return ActualsResult(
        added=len(new) - corrected, corrected=corrected, duplicates=len(duplicates), unknown=len(unknown)
    )


def _check_alone(row: int, actual: Actual, today: date) -> Iterable[RowError]:
    if not matching.keys(actual):
        yield RowError(row, "key_missing", "Give a request_id, a reference, or the columns of the house.")
    if isinstance(actual.price, bool) or not 0 < actual.price < LARGEST_PRICE:
        yield RowError(row, "price_invalid", f"A price is a number above 0 and below {LARGEST_PRICE:g}.")
    if actual.row is not None and not 0 <= actual.row < MAX_ROWS:
        yield RowError(row, "row_invalid", "A row is a whole number from 0 on.")
    if actual.sale_date > today + timedelta(days=1):  # it is tomorrow already in other time zones
        yield RowError(
            row, "sale_in_future", f"The sale on {actual.sale_date} is in the future; the clock here says {today}."
        )


def _match(
    connection: Connection, sound: Sequence[tuple[int, Actual]], report: Callable[[RowError], None]
) -> list[_Match]:
    """Return the sales whose prediction is known; of several keys, the first that finds one counts."""
    wanted = [(row, actual, key) for row, actual in sound for key in matching.keys(actual)]
    found = matching.find(connection, [(key, actual.sale_date) for _, actual, key in wanted])
    matches: dict[int, _Match] = {}
    for (row, actual, key), one in zip(wanted, found, strict=True):
        best = matches.get(row)
        if best is None or (best.found.predicted_at is None and one.predicted_at is not None):
            matches[row] = _Match(row, actual, key, one)
    for row, match in list(matches.items()):
        if match.found.predicted_at is None and match.found.last_row == 0:
            del matches[row]
            what = {"request_id": "this request_id", "reference": "this reference", "house": "these columns"}
            report(RowError(row, "prediction_unknown", f"No prediction with {what[match.key.kind]} is stored."))
    return list(matches.values())


def _check_match(match: _Match, currency: str | None, report: Callable[[RowError], None]) -> bool:
    """Return whether a sale may be judged by what was found, or report why not."""
    actual, found = match.actual, match.found
    error = None
    if match.key.kind == "request_id" and match.key.row is None and found.last_row > 0:
        error = ("row_needed", f"The request had {found.last_row + 1} houses; give the row of this one, from 0.")
    elif found.predicted_at is None:
        error = ("prediction_unknown", f"The request has no row {match.key.row or 0}.")
    elif found.id is None:
        first = f"{found.predicted_at:%Y-%m-%d}"
        error = ("sale_before_prediction", f"The sale on {actual.sale_date} is before the first answer, on {first}.")
    elif (paid_in := actual.currency or currency or found.currency).upper() != found.currency.upper():
        error = ("currency_mismatch", f"The price is in {paid_in}, the prediction in {found.currency}.")
    elif not 1 / MAX_RATIO <= actual.price / found.price <= MAX_RATIO:
        ratio = f"{MAX_RATIO:.0f} times"
        error = ("price_implausible", f"The price {actual.price:g} is more than {ratio} off {found.price:.0f}.")
    if error:
        report(RowError(match.row, *error))
    return error is None


def _check_repeated(matches: Sequence[_Match], report: Callable[[RowError], None]) -> None:
    first: dict[object, int] = {}
    for match in matches:
        for sale in (match.found.id, (match.key, match.actual.sale_date)):
            earlier = first.setdefault(sale, match.row)
            if earlier != match.row:
                report(RowError(match.row, "duplicate_row", f"Row {earlier} of the same list is about the same sale."))
                break


def _stored(connection: Connection, matches: Sequence[_Match]) -> list[list[Stored]]:
    """Return the stored prices that are of the same sale: for the same prediction, or the same house and day."""
    by_prediction = matching.stored_by_prediction(connection, [match.found.id for match in matches if match.found.id])
    by_key = matching.stored_by_key(connection, [(match.key, match.actual.sale_date) for match in matches])
    return [
        [
            stored
            for stored in {by_prediction.get(match.found.id or -1), by_key.get((match.key, match.actual.sale_date))}
            if stored is not None
        ]
        for match in matches
    ]


def _is_same(match: _Match, stored: Sequence[Stored]) -> bool:
    return any((one.price, one.sale_date) == (float(match.actual.price), match.actual.sale_date) for one in stored)


def _write(connection: Connection, new: Sequence[tuple[_Match, list[Stored]]], now: datetime) -> int:
    """Insert prices paid, and mark those that they replace; return how many replace one."""
    replaced = sorted({stored.id for _, known in new for stored in known})
    for block in matching.blocks(replaced):
        connection.execute(update(actuals).where(actuals.c.id.in_(block)).values(replaced_at=now))
    rows = [
        {
            "prediction_id": match.found.id,
            "price": float(match.actual.price),
            "sale_date": match.actual.sale_date,
            "matched_by": match.key.kind,
            "recorded_at": now,
        }
        for match, _ in new
    ]
    if rows:
        connection.execute(insert(actuals), rows)
    return sum(bool(known) for _, known in new)
