"""Options of the model: the keys below `training`. What is `auto` is found on the training rows."""

from collections.abc import Collection
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from houseprice.config.parts import Part, Positive, Share

Auto = Literal["auto"]
"""Found on the training rows, and stored in the model."""
Slope = Annotated[float, Field(ge=0.5, le=2.0)]


def short(value: float) -> float:
    """Return a value that was found with as many digits as mean something."""
    return float(f"{value:.4g}")


class Boosting(Part):
    """Parameters of the boosted oblivious trees.

    With several `ensembles`, each of so many iterations and from a seed of its own, the mean of their sums is taken.
    """

    iterations: Positive
    ensembles: Positive = 1
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    depth: Annotated[int, Field(ge=1, le=8)]
    l2_leaf_reg: Annotated[float, Field(gt=0)] = 3.0
    random_strength: Annotated[float, Field(ge=0)] = 1.0
    feature_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    row_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    border_count: Annotated[int, Field(ge=1, le=254)] = 128


class KernelRidgeColumn(Part):
    """How the kernel ridge regression sees one column.

    `transform` comes before standardisation. `inverse_lengthscale` is in 1 / standard deviations of the transformed
    column; without one, that of the whole regression holds.
    """

    transform: Literal["none", "log", "sqrt"] = "none"
    inverse_lengthscale: Annotated[float, Field(gt=0)] | None = None


class Kernel(Part):
    """An additional kernel of the kernel ridge regression.

    `columns` are those that it sees, each with its inverse lengthscale. With `other_columns_scale` it sees the other
    columns too, each with the first kernel's inverse lengthscale times this factor.
    """

    centres: Positive
    penalty: Annotated[float, Field(gt=0)]
    columns: Annotated[dict[str, Annotated[float, Field(gt=0)]], Field(default_factory=dict)]
    other_columns_scale: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _sees_a_column(self) -> Self:
        if not self.columns and not self.other_columns_scale:
            raise ValueError("a kernel must see a column; name some under columns, or set other_columns_scale")
        return self


class KernelRidgeConfig(Part):
    """Parameters of the kernel ridge regression: those of its first kernel, of all columns, and additional kernels.

    `categories` are texts whose categories get an effect each; with `name: penalty`, each text has its own penalty.
    """

    centres: Positive
    penalty: Annotated[float, Field(gt=0)]
    inverse_lengthscale: Annotated[float, Field(gt=0)]
    linear_penalty: Annotated[float, Field(gt=0)] = 1e-3
    category_penalty: Annotated[float, Field(gt=0)] = 3.0
    columns: Annotated[dict[str, KernelRidgeColumn], Field(min_length=1)]
    categories: tuple[str, ...] | dict[str, Annotated[float, Field(gt=0)]] = ()
    additional_kernels: tuple[Kernel, ...] = ()

    def penalty_of(self, category: str) -> float:
        """Return the penalty of the effects of one text's categories."""
        return self.categories[category] if isinstance(self.categories, dict) else self.category_penalty

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """Every kernel, with the inverse lengthscale of each column that it sees."""
        first = {name: column.inverse_lengthscale or self.inverse_lengthscale for name, column in self.columns.items()}
        additional = [
            kernel.model_copy(
                update={
                    "columns": {
                        name: kernel.columns.get(name, first[name] * kernel.other_columns_scale) for name in first
                    }
                }
            )
            for kernel in self.additional_kernels
        ]
        return (Kernel(centres=self.centres, penalty=self.penalty, columns=first), *additional)

    def with_penalties(self, factor: float) -> Self:
        """Return the same regression with the penalty of each kernel so many times as large."""
        additional = tuple(
            kernel.model_copy(update={"penalty": short(kernel.penalty * factor)}) for kernel in self.additional_kernels
        )
        return self.model_copy(update={"penalty": short(self.penalty * factor), "additional_kernels": additional})

    def with_sharper(self, places: Collection[str], factor: float) -> Self:
        """Return the same regression with so many times the inverse lengthscales in kernels of nothing but places."""
        additional = tuple(
            kernel.model_copy(
                update={"columns": {name: short(scale * factor) for name, scale in kernel.columns.items()}}
            )
            if set(kernel.columns) <= set(places)
            else kernel
            for kernel in self.additional_kernels
        )
        return self.model_copy(update={"additional_kernels": additional})

    def with_at_most(self, centres: int) -> Self:
        """Return the same regression with at most so many centres in each kernel."""
        additional = tuple(
            kernel.model_copy(update={"centres": min(kernel.centres, centres)}) for kernel in self.additional_kernels
        )
        return self.model_copy(update={"centres": min(self.centres, centres), "additional_kernels": additional})

    @model_validator(mode="after")
    def _kernels_see_known_columns(self) -> Self:
        for kernel in self.additional_kernels:
            for name in kernel.columns:
                if name not in self.columns:
                    raise ValueError(f'an additional kernel names "{name}", which is not in kernel_ridge.columns')
        return self


class RobustWeightsConfig(Part):
    """How far sales are down-weighted whose price is far from the prices of similar houses.

    `scale` is the residual of a pilot fit, in robust standard deviations, that halves the weight; the kernels of the
    pilot have at most `centres` centres each.
    """

    scale: Annotated[float, Field(gt=0)]
    centres: Positive


class TrendRules(Part):
    """Knots of the piecewise linear market trend, set by hand, and how far it is extrapolated, in months.

    With `knots_every_months` further knots follow the last of `knots_months` up to the newest sale.
    """

    knots_months: tuple[float, ...] = ()
    knots_every_months: Annotated[float, Field(ge=1)] | None = None
    horizon_months: Annotated[float, Field(ge=0)] = 3.0


class Training(Part):
    """Options of the model and its fit.

    The blend is `tree_share` of the trees, `linear_share` of the log-linear mixed model, and of the kernel ridge
    regression what is left; its distance from the mean log price is multiplied by `blend_slope`. The pairs of texts
    that have effects beside those of each text are `text_pairs`. Of more training sales than `max_sales`, trees and
    kernels learn from a sample.
    """

    seed: Annotated[int, Field(ge=0)] = 0
    threads: Positive = 2
    refit: bool = True
    max_sales: Positive = 100_000
    ridge_alpha: Annotated[float, Field(gt=0)] = 10.0
    target_encoding_weight: Annotated[float, Field(ge=0)] | Auto = "auto"
    tree_share: Share | Auto = "auto"
    linear_share: Share | Auto = "auto"
    blend_slope: Slope | Auto = "auto"
    time_in_trees: bool | Auto = "auto"
    text_pairs: tuple[tuple[str, str], ...] | Auto = "auto"
    trend: TrendRules | Auto = "auto"
    robust_weights: RobustWeightsConfig | Auto | None = "auto"
    boosting: Boosting | Auto = "auto"
    kernel_ridge: KernelRidgeConfig | Auto = "auto"

    @model_validator(mode="after")
    def _shares_are_of_one_whole(self) -> Self:
        shares = [share for share in (self.tree_share, self.linear_share) if share != "auto"]
        if sum(shares) > 1.0 + 1e-9:
            raise ValueError("tree_share and linear_share are more than 1 together")
        return self

    @property
    def is_found(self) -> bool:
        """Whether nothing is left to be found by a search."""
        searched = (
            self.tree_share, self.linear_share, self.blend_slope, self.time_in_trees, self.robust_weights,
            self.boosting, self.kernel_ridge, self.text_pairs,
        )  # fmt: skip
        return "auto" not in searched


class FoundTraining(Training):
    """Options with nothing left to be found by a search."""

    tree_share: Share
    linear_share: Share
    blend_slope: Slope
    time_in_trees: bool
    text_pairs: tuple[tuple[str, str], ...]
    robust_weights: RobustWeightsConfig | None
    boosting: Boosting
    kernel_ridge: KernelRidgeConfig

    @classmethod
    def of(cls, training: Training) -> Self:
        """Return options in which nothing is `auto` as such."""
        return cls.model_validate(training.model_dump())

    @property
    def kernel_share(self) -> float:
        """Share of the kernel ridge regression in the blend."""
        return max(round(1.0 - self.tree_share - self.linear_share, 9), 0.0)

    def reduced(self, *, iterations: int, learning_rate: float, centres: int) -> Self:
        """Return the same options with fewer trees and centres, for what need not be accurate."""
        boosting = self.boosting.model_copy(update={"iterations": iterations, "learning_rate": learning_rate})
        return self.model_copy(update={"boosting": boosting, "kernel_ridge": self.kernel_ridge.with_at_most(centres)})
