"""What monitoring is computed from, read from a store: sales with a price paid, predictions and inputs by day."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.bundle import manifest as manifests
from houseprice.errors import ArtifactError
from houseprice.monitoring.data import DailyInputs, DailyPredictions, LabelledSales
from houseprice.monitoring.monitor import Monitor, monitor
from houseprice.monitoring.profile import MISSING, UNKNOWN, ColumnProfile, ReferenceProfile, read_profile
from houseprice.store import MISSING_BIN, UNKNOWN_BIN, DailySummary, InputCount, LabelledPredictions, Store


def profile_of(bundle: Path) -> ReferenceProfile:
    """Return the reference profile that is sealed in a bundle, without loading its model.

    Raises:
        ArtifactError: The folder is no bundle (code `bundle_not_found`), was changed (`bundle_changed`), or holds no
            profile (`profile_missing`).
    """
    try:
        manifest = manifests.read((bundle / manifests.NAME).read_bytes(), bundle / manifests.NAME)
        content = {name: (bundle / name).read_bytes() for name in (manifests.REFERENCE, manifests.EXPLANATION)}
    except OSError as err:
        raise ArtifactError(
            f'No bundle was found in "{bundle}" ({err.filename} cannot be read). Run `make run`, or give the folder of '
            "the model with --bundle.",
            code="bundle_not_found",
        ) from err
    if changed := [name for name, found in content.items() if manifests.sha256(found) != manifest.files[name]]:
        raise ArtifactError(
            f'The bundle in "{bundle}" does not match its manifest (changed: {", ".join(changed)}). Export it again '
            "with `houseprice bundle`, or download it again.",
            code="bundle_changed",
            changed=changed,
        )
    reference, explanation = map(json.loads, content.values())
    return read_profile(reference, explanation, manifest.model_dump(mode="json"))


def monitor_store(store: Store, profile: ReferenceProfile) -> Monitor:
    """Return what a store tells of the model of a profile.

    Raises:
        StoreError: The database cannot be used.
    """
    shadow = store.labelled(role="shadow", with_inputs=False)
    return monitor(
        profile,
        labelled_sales(store.labelled(), profile),
        daily_predictions(store.daily_summaries(), profile.currency),
        daily_inputs(store.input_counts(model_version=profile.model_version), profile),
        labelled_sales(shadow, profile) if len(shadow) else None,
    )


def labelled_sales(labelled: LabelledPredictions, profile: ReferenceProfile) -> LabelledSales:
    """Return sales with their predictions, in the order in which their prices became known.

    An unknown FSD counts as that of a house of mean FSD. Sales in another currency are left out. Inputs are those that
    the model of the profile was given: another model may have other columns, or others of the same names.
    """
    rows = np.flatnonzero(labelled.currency == profile.currency)
    rows = rows[np.argsort(labelled.recorded_at[rows], kind="stable")]
    fsd = labelled.fsd[rows]
    own = labelled.model_version == profile.model_version
    houses = [labelled.inputs[row] if own[row] and labelled.inputs[row] else {} for row in rows.tolist()]
    return LabelledSales(
        sale=_texts([f"{labelled.request_id[row]}/{labelled.row[row]}" for row in rows.tolist()]),
        predicted_at=labelled.predicted_at[rows].astype("datetime64[s]"),
        sale_date=labelled.sale_date[rows],
        price_paid=labelled.price_paid[rows],
        price=labelled.price[rows],
        low=labelled.low[rows],
        high=labelled.high[rows],
        fsd=np.where(np.isnan(fsd), profile.errors.mean_fsd, fsd),
        model_version=labelled.model_version[rows],
        inputs={name: _values(houses, column) for name, column in profile.columns.items()},
    )


def daily_predictions(summaries: Sequence[DailySummary], currency: str) -> DailyPredictions:
    """Return the sums over predictions in a currency, in the order of the days."""
    own = sorted((one for one in summaries if one.currency == currency), key=lambda one: one.day)

    def counts(name: str) -> npt.NDArray[np.int64]:
        return np.array([getattr(one, name) for one in own], dtype=np.int64)

    return DailyPredictions(
        day=np.array([one.day for one in own], dtype="datetime64[D]"),
        model_version=_texts([one.model_version for one in own]),
        role=_texts([one.role for one in own]),
        count=counts("predictions"),
        distinct=counts("predictions") - counts("repeated"),
        sum_log_price=np.array([one.log_price_sum for one in own], dtype=np.float64),
        sum_fsd=np.array([one.fsd_sum for one in own], dtype=np.float64),
        with_warnings=counts("warned"),
        dated=counts("dated"),
        misdated=counts("misdated"),
    )


def daily_inputs(found: Sequence[InputCount], profile: ReferenceProfile) -> DailyInputs:
    """Return the counts of the model of a profile by day, column and bin."""
    own = [one for one in found if one.model_version == profile.model_version and one.column in profile.columns]
    days = sorted({one.day for one in own})
    places = {day: place for place, day in enumerate(days)}
    counts = {
        name: np.zeros((len(days), len(column.shares)), dtype=np.int64) for name, column in profile.columns.items()
    }
    special = {MISSING_BIN: MISSING, UNKNOWN_BIN: UNKNOWN}
    for one in own:
        counts[one.column][places[one.day], special.get(one.bin, one.bin)] += one.count
    return DailyInputs(np.array(days, dtype="datetime64[D]"), _texts([profile.model_version] * len(days)), counts)


def _values(houses: Sequence[dict[str, Any]], column: ColumnProfile) -> npt.NDArray[Any]:
    """Return the values of a column, as the model takes them."""
    if column.is_text:
        return _texts([str(house.get(column.name) or "") for house in houses])
    return np.array([house.get(column.name, np.nan) for house in houses], dtype=np.float64)


def _texts(values: Sequence[str]) -> npt.NDArray[np.object_]:
    texts = np.empty(len(values), dtype=object)
    texts[:] = values
    return texts
