"""Comparable sales: the sold houses that are most similar to one, with prices carried to its valuation date.

The similarity graph of the bundle gives each house coordinates in shares of a price, so that the distance between two
houses is what their differences are worth to the model. The coordinates of the sold houses are computed once.
"""

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from houseprice.bundle.load import Bundle, Columns
from houseprice.bundle.sales_store import Sales, unpack
from houseprice.bundle.similarity import Similarity
from houseprice.errors import ArtifactError, ServingError
from houseprice.serving.checkpoints import checkpoint
from houseprice.serving.coded_error import CodedHTTPError
from houseprice.serving.column_layout import ColumnLayout
from houseprice.serving.column_layout import Columns as ModelColumns
from houseprice.serving.explain.adjustments import AdjustedSale, PriceAdjuster, reconcile
from houseprice.serving.explain.comparison import Comparison
from houseprice.serving.explain.feature_groups import FeatureGroup, group_features, to_request_values
from houseprice.serving.explain.sale_ids import SaleIds
from houseprice.serving.explain.sale_selection import SaleSelection
from houseprice.serving.explain.schemas import Comparable, Comparables
from houseprice.serving.explain.shapley import to_the_cent
from houseprice.serving.request import House

EVERY_SALE = SaleSelection()
SALE_NOISE = 0.1
"""Share of a price by which two sales of one house usually differ: how near a sale must be to count fully.
Of five that were tried in November 2026, it errs least (`docs/experiments.md`)."""
MAX_NEAR_CELLS = 2**20  # distances between houses and sales that are in memory at once
Floats = npt.NDArray[np.float32]


class ComparableFinder:
    """The sold houses of a bundle, with their coordinates; a bundle may be sealed without them."""

    def __init__(self, bundle: Bundle) -> None:
        schema = bundle.manifest.schema_
        self._manifest, self._schema = bundle.manifest, schema
        self._layout = ColumnLayout(bundle)
        self._sales = unpack(bundle.sales)
        self._similarity = Similarity(bundle.similarity)
        self._groups = group_features(schema, schema.request)
        self._adjuster = PriceAdjuster(bundle, self._layout)
        if not self.sale_count:
            return
        try:
            coordinates, self._trend = self._similarity.coordinates(self._sales.columns)
            sources = list(bundle.explanation["coordinates"].values())
            self._members = _members(self._groups, sources, len(coordinates))
            self._layout.select(self._sales.columns)
        except Exception as err:  # onnxruntime raises its own unrelated kinds, one a cause
            raise ArtifactError(
                f'The sold houses in "{bundle.directory}" do not fit its similarity graph: {err}. Build the bundle '
                "again with `houseprice bundle`.",
                code="comparables_invalid",
            ) from err
        self._coordinates: Floats = coordinates.astype(np.float32)
        spread = self._coordinates.var(axis=1, dtype=np.float64)
        # root mean squared distance of two sold houses in a group
        self._comparison = Comparison(schema, self._groups, np.sqrt(2.0 * self._members @ spread))
        self._norms = (self._coordinates**2).sum(axis=0)

    @cached_property
    def ids(self) -> SaleIds:
        """The names of the sales, made with the first comparison, so that the start does not wait for them."""
        return SaleIds(self._sales)

    @property
    def sales(self) -> Sales:
        """The sold houses."""
        return self._sales

    @property
    def sale_count(self) -> int:
        """How many there are."""
        return len(self._sales.prices)

    def find(self, house: House, wanted: SaleSelection = EVERY_SALE) -> Comparables:
        """Return the sold houses most similar to a validated one; of those at equal distance, the newest first.

        There must be sales, as `require_sales` says.

        Raises:
            CodedHTTPError: 404, a sale that is wanted or excluded is not in the bundle.
            ServingError: A graph of the bundle failed, or a price cannot be adjusted.
        """
        own_columns = self._layout.fill([house])
        columns = self._layout.named(own_columns)
        offsets, squares, trend = self._compare(columns)
        found = self._nearest(squares, self._candidates(wanted), wanted.count)
        own = to_request_values(self._schema, {name: values[0] for name, values in columns.items()})
        adjusted = self._adjusted(own_columns, found, trend)
        distances = np.sqrt(self._members @ (offsets[:, found].astype(np.float64) ** 2))
        whole = np.sqrt((distances**2).sum(axis=0))
        weights = comparable_weights(whole)
        rows = zip(
            found.tolist(), whole.tolist(), weights, adjusted, *self._comparison.reasons(distances), strict=True
        )  # numbers of Python, since numpy's own are slow one by one
        return Comparables(
            [self._comparable(own, *row) for row in rows],
            reconcile([sale.adjusted_price for sale in adjusted], weights),
            self._manifest.project["currency"],
            self._layout.valuation_day(house),
            self._manifest.model_version,
        )

    def _adjusted(self, own: ModelColumns, found: npt.NDArray[np.int64], trend: float) -> list[AdjustedSale]:
        """Return some sales with their prices adjusted to a house, `trend` being that of its valuation date."""
        sold = self._layout.select({name: values[found] for name, values in self._sales.columns.items()})
        shift = np.nan_to_num(trend - self._trend[found])  # NaN where the day of a sale is not known
        return self._adjuster.adjust(own, sold, self._sales.prices[found], shift)

    def require_sales(self) -> None:
        """Refuse to compare where there is nothing to compare with.

        Raises:
            CodedHTTPError: 404, the bundle holds no sales (code `sales_not_in_bundle`).
        """
        if not self.sale_count:
            message = "This model was exported without the sales that it learned from, so there are no comparables."
            raise CodedHTTPError(404, "sales_not_in_bundle", message)

    def count_within(self, house: House, distance: float) -> int | None:
        """Return how many sold houses differ from a validated one by less than a share of a price.

        None where the bundle holds no sales.

        Raises:
            ServingError: The similarity graph failed.
        """
        if not self.sale_count:
            return None
        _, squares, _ = self._compare(self._layout.named(self._layout.fill([house])))
        return int(np.count_nonzero(squares < distance**2))

    def _place(self, columns: Columns) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        try:
            return self._similarity.coordinates(columns)
        except Exception as err:
            raise ServingError(f"The similarity graph failed: {err}.", code="similarity_failed") from err

    def _compare(self, columns: Columns) -> tuple[Floats, Floats, float]:
        """Return offsets and squared distances of all sales from a house, and the trend on its valuation date."""
        place, trend = self._place(columns)
        offsets = self._coordinates - place.astype(np.float32)
        return offsets, np.einsum("ij,ij->j", offsets, offsets), float(trend[0])

    def count_near(self, columns: Columns, distance: float) -> list[int] | None:
        """Return of each house how many sold houses differ from it by less than a share of a price.

        None where the bundle holds no sales.

        Raises:
            ServingError: The similarity graph failed.
        """
        if not self.sale_count:
            return None
        places = self._place(columns)[0].astype(np.float32)
        counts: list[int] = []
        block = max(1, MAX_NEAR_CELLS // max(len(self._norms), 1))
        for start in range(0, places.shape[1], block):
            checkpoint()
            some = places[:, start : start + block]
            squares = (some**2).sum(axis=0)[:, None] - 2.0 * (some.T @ self._coordinates) + self._norms
            counts += np.count_nonzero(squares < distance**2, axis=1).tolist()
        return counts

    def _candidates(self, wanted: SaleSelection) -> npt.NDArray[np.int64]:
        """Return the positions of the sales to choose from."""
        if wanted is EVERY_SALE:
            return np.arange(len(self._sales.prices))
        include, exclude = wanted.positions(self.ids)
        candidates = np.arange(len(self._sales.prices)) if include is None else np.unique(include)
        return np.asarray(np.setdiff1d(candidates, exclude).astype(np.int64))

    def _nearest(self, squares: Floats, candidates: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
        """Return the positions of the nearest of some sales."""
        count = min(count, len(candidates))
        if not count:
            return np.empty(0, dtype=np.int64)
        among = squares[candidates]
        near = candidates[among <= np.partition(among, count - 1)[count - 1]]
        name = self._schema.sale_date
        days = self._sales.columns[name][near] if name else np.zeros(len(near))
        order = np.lexsort((-days, squares[near]))[:count]
        return np.asarray(near[order])

    def _comparable(
        self,
        own: dict[str, Any],
        sale: int,
        distance: float,
        weight: float,
        adjusted: AdjustedSale,
        common: list[int],
        apart: list[int],
    ) -> Comparable:
        """Return one sold house; `common` and `apart` are the groups that are named."""
        columns = self._sales.columns
        theirs = {name: columns[name].item(sale) for name in self._schema.request if name in columns}
        theirs = to_request_values(self._schema, theirs)
        day = theirs.pop(self._schema.sale_date, None) if self._schema.sale_date else None
        alike, different, text = self._comparison.describe(common, apart, theirs, own)
        return Comparable(
            self.ids.of(sale),
            day,
            adjusted.price,
            adjusted.time_adjusted_price,
            adjusted.adjusted_price,
            adjusted.adjustments,
            round(distance, 4),
            weight,
            alike,
            different,
            text,
            theirs,
        )


def comparable_weights(distances: npt.NDArray[np.float64]) -> list[float]:
    """Return the weight of each comparable in the reconciled value, four digits that add up to 1.

    The inverse of the variance that is expected of its adjusted price, 1 / (d² + s²): d is its distance, s the noise of
    a single sale.
    """
    if not len(distances):
        return []
    weights = 1.0 / (distances**2 + SALE_NOISE**2)
    return [round(percent / 100.0, 4) for percent in to_the_cent(100.0 * weights / weights.sum(), 100.0)]


def _members(groups: list[FeatureGroup], sources: list[list[str]], count: int) -> npt.NDArray[np.float64]:
    """Return which coordinate belongs to which group, [groups, coordinates]; `sources` are the columns of each."""
    if len(sources) != count:
        raise ValueError(f"{len(sources)} coordinates are named, {count} were computed")
    members = np.array([[names[0] in group.columns for names in sources] for group in groups], dtype=np.float64)
    if not (members.sum(axis=0) == 1.0).all():
        raise ValueError("a coordinate comes from a column that is not part of a request")
    return members
