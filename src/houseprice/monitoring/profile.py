"""The reference profile: what a bundle seals of its training sales for production to be compared with.

Its parts lie where they belong in the bundle: bins of each column beside its range (reference.json), the weight of each
column and the market index with what explains prices (explanation.json), and the distribution of the standardised
errors of the holdout among the metrics (manifest.json).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.errors import ArtifactError
from houseprice.monitoring.bins import MAX_CATEGORIES, bin_edges, bin_names, spread_points

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
MISSING, UNKNOWN = -2, -1
"""Places in the counts of a column of what is missing, and of categories that training has not seen."""
POINTS = 2000


@dataclass(frozen=True)
class ColumnProfile:
    """One column in training.

    Attributes:
        name: of the column.
        weight: its share of what all columns carry in explanations of prices.
        role: what it means, as the schema says; empty where it has none.
        shares: share of the training sales in each bin, then that of missing and of unknown values; their sum is 1.
        edges: inner edges of the bins of numbers; None of texts.
        names: of the bins, in words; for texts the categories, most frequent first, and then "other".
        known: all categories of training.
        points: some numbers distributed as in training, ascending; none of texts.
        unseen: share of new sales whose category training has not seen, as its rare ones let expect.
    """

    name: str
    weight: float
    role: str
    shares: Floats
    edges: Floats | None
    names: tuple[str, ...]
    known: frozenset[str]
    points: Floats
    unseen: float = 0.0

    @property
    def is_text(self) -> bool:
        """Whether its values are categories."""
        return self.edges is None

    @cached_property
    def outside(self) -> Counts:
        """Return the bins of numbers that training had none of; of texts there are none."""
        return np.flatnonzero(self.shares[:MISSING] == 0.0) if self.edges is not None else np.zeros(0, dtype=np.int64)

    def places(self, values: npt.NDArray[Any]) -> Counts:
        """Return the place of each value in the counts: its bin, or that of what is missing ("", NaN) or unknown."""
        bins = len(self.shares)
        if self.edges is not None:
            numbers = values.astype(np.float64)
            return np.where(np.isnan(numbers), bins + MISSING, np.searchsorted(self.edges, numbers, side="right"))
        texts, rows = np.unique(values.astype(str), return_inverse=True)
        return np.array([self._place(text) % bins for text in texts.tolist()], dtype=np.int64)[rows]

    def count(self, values: npt.NDArray[Any]) -> Counts:
        """Return how many values lie in each bin, are missing and are unknown."""
        return np.bincount(self.places(values), minlength=len(self.shares))

    def _place(self, text: str) -> int:
        if not text:
            return MISSING
        return self._known_places.get(text, len(self.names) - 1 if text in self.known else UNKNOWN)

    @cached_property
    def _known_places(self) -> dict[str, int]:
        return {level: place for place, level in enumerate(self.names[:-1])}

    def bin_name(self, place: int) -> str:
        """Return a bin in words."""
        return (*self.names, "missing", "unknown")[place]


@dataclass(frozen=True)
class ErrorProfile:
    """The errors of the holdout.

    Attributes:
        sales: of the holdout.
        coverage: nominal coverage of the interval.
        found_coverage: share of the holdout inside its interval.
        median_ape: median absolute error of the holdout, as a share of the price paid.
        within_10: share of the holdout priced within 10 %.
        mean_fsd: mean forecast standard deviation, in log price.
        sd: of the standardised errors.
        quantiles: of the standardised errors log(actual / predicted) / FSD, ascending, each of equal probability.
    """

    sales: int
    coverage: float
    found_coverage: float
    median_ape: float
    within_10: float
    mean_fsd: float
    sd: float
    quantiles: Floats


@dataclass(frozen=True)
class ReferenceProfile:
    """What production is compared with.

    Attributes:
        model_version: of the bundle.
        currency: of its prices.
        reference_date: newest sale of training; NaT where sales have no dates.
        columns: name → profile, dates left out.
        errors: of the holdout.
        market_index: month → market trend in log price, ascending; empty where sales have no dates.
        roles: role → column.
        slices: name of a slice of the holdout → error log(actual / predicted) beside all of it, sales, log-RMSE.
    """

    model_version: str
    currency: str
    reference_date: np.datetime64
    columns: dict[str, ColumnProfile]
    errors: ErrorProfile
    market_index: dict[str, float]
    roles: dict[str, str]
    slices: dict[str, tuple[float, int, float]]


def read_profile(
    reference: Mapping[str, Any], explanation: Mapping[str, Any], manifest: Mapping[str, Any]
) -> ReferenceProfile:
    """Return the profile that is sealed in a bundle, from the content of its files.

    Raises:
        ArtifactError: It is not there, because an older program wrote the bundle (code `profile_missing`).
    """
    roles = {about["role"]: name for name, about in manifest["schema"]["columns"].items() if about.get("role")}
    role_of = {name: role for role, name in roles.items()}
    try:
        weights, holdout = explanation["weights"], manifest["metrics"]["holdout"]
        found = holdout["standardised"]
        errors = ErrorProfile(
            sales=holdout["sales"],
            coverage=manifest["coverage"],
            found_coverage=holdout["coverage"],
            median_ape=holdout["median_ape"],
            within_10=holdout["within_10"],
            mean_fsd=holdout["mean_fsd"],
            sd=found["sd"],
            quantiles=np.array(found["quantiles"]),
        )
        columns = {
            name: column_profile(name, about, weights.get(name, 0.0), role_of.get(name, ""))
            for name, about in reference.items()
            if "levels" in about or "shares" in about
        }
        index = dict(explanation["market_index"])
    except KeyError as err:
        raise ArtifactError(
            f"The bundle does not say what its training sales looked like ({err} is missing), so nothing can be "
            "compared with them. Export the model again with `houseprice bundle`, or train it again.",
            code="profile_missing",
            key=str(err.args[0]),
        ) from err
    day = np.datetime64(manifest["reference_date"] or "NaT", "D")
    bias = holdout["bias_log"]
    slices = {
        name: (bias - some["bias_log"], int(some["sales"]), float(some["log_rmse"]))
        for name, some in manifest["metrics"].get("slices", {}).items()
    }
    version, currency = manifest["model_version"], manifest["project"]["currency"]
    return ReferenceProfile(version, currency, day, columns, errors, index, roles, slices)


def column_profile(name: str, about: Mapping[str, Any], weight: float, role: str) -> ColumnProfile:
    """Return the profile of a column from what reference.json says of it."""
    blank = float(about["blank_share"])
    if "levels" in about:
        ordered = sorted(about["levels"].items(), key=lambda item: (-item[1], item[0]))
        counts = np.array([count for _, count in ordered], dtype=np.float64)
        kept = np.append(counts[:MAX_CATEGORIES], counts[MAX_CATEGORIES:].sum()) / max(counts.sum(), 1.0)
        names = (*(level for level, _ in ordered[:MAX_CATEGORIES]), "other")
        shares = np.concatenate([kept * (1.0 - blank), [blank, 0.0]])
        unseen = float((counts == 1).sum()) / max(float(counts.sum()), 1.0)  # Good 1953
        return ColumnProfile(name, weight, role, shares, None, names, frozenset(about["levels"]), np.array([]), unseen)
    shares = np.append(np.array(about["shares"], dtype=np.float64) * (1.0 - blank), [blank, 0.0])
    points = spread_points(about, POINTS)
    return ColumnProfile(name, weight, role, shares, bin_edges(about), bin_names(about), frozenset(), points)
