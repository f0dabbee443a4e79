"""Options of the model: the keys below `training`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from houseprice.config.parts import Part, Positive, Share


class Boosting(Part):
    """Parameters of the boosted oblivious trees."""

    iterations: Positive
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
    """Parameters of the kernel ridge regression: those of its first kernel, of all columns, and additional kernels."""

    centres: Positive
    penalty: Annotated[float, Field(gt=0)]
    inverse_lengthscale: Annotated[float, Field(gt=0)]
    category_penalty: Annotated[float, Field(gt=0)] = 3.0
    columns: Annotated[dict[str, KernelRidgeColumn], Field(min_length=1)]
    categories: tuple[str, ...] = ()
    additional_kernels: tuple[Kernel, ...] = ()

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
    """Knots of the piecewise linear market trend, and how far it is extrapolated past the newest sale, in months.

    With `knots_every_months` further knots follow the last of `knots_months` up to the newest sale.
    """

    knots_months: tuple[float, ...] = ()
    knots_every_months: Annotated[float, Field(ge=1)] | None = None
    horizon_months: Annotated[float, Field(ge=0)]


class Training(Part):
    """Options of the model and its fit."""

    seed: Annotated[int, Field(ge=0)]
    threads: Positive
    ridge_alpha: Annotated[float, Field(gt=0)]
    target_encoding_weight: Annotated[float, Field(ge=0)] = 10.0
    tree_share: Share
    refit: bool = True
    trend: TrendRules
    robust_weights: RobustWeightsConfig
    boosting: Boosting
    kernel_ridge: KernelRidgeConfig
