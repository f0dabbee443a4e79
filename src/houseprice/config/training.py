"""What a modeller may choose about learning: the parts below `training`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from houseprice.config.parts import Part, Positive, Share


class Boosting(Part):
    """Parameters of the boosted oblivious trees."""

    rounds: Positive
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    depth: Annotated[int, Field(ge=1, le=8)]
    l2_leaf_reg: Annotated[float, Field(gt=0)] = 3.0
    random_strength: Annotated[float, Field(ge=0)] = 1.0
    column_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    row_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    borders: Annotated[int, Field(ge=1, le=254)] = 128


class SmoothColumn(Part):
    """How one column becomes a coordinate of the smooth surface.

    `sharpness` is how fast likeness falls with distance, in kernel widths a standard deviation; none is the common one.
    """

    form: Literal["none", "log", "root"] = "none"
    sharpness: Annotated[float, Field(gt=0)] | None = None


class Kernel(Part):
    """A further kernel of the smooth surface.

    `columns` are those that it sees, each with its sharpness; with `others`, it sees the other columns too, each so
    many times as sharp as the first kernel does.
    """

    centres: Positive
    penalty: Annotated[float, Field(gt=0)]
    columns: Annotated[dict[str, Annotated[float, Field(gt=0)]], Field(default_factory=dict)]
    others: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _sees_something(self) -> Self:
        if not self.columns and not self.others:
            raise ValueError("a kernel must see a column; name some under columns, or set others")
        return self


class Smooth(Part):
    """Parameters of the smooth surface: those of its first kernel, which sees every column, and the further ones."""

    centres: Positive
    penalty: Annotated[float, Field(gt=0)]
    sharpness: Annotated[float, Field(gt=0)]
    text_penalty: Annotated[float, Field(gt=0)] = 3.0
    columns: Annotated[dict[str, SmoothColumn], Field(min_length=1)]
    texts: tuple[str, ...] = ()
    further: tuple[Kernel, ...] = ()

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """Every kernel, with each column that it sees named."""
        first = {name: column.sharpness or self.sharpness for name, column in self.columns.items()}
        seen = [
            kernel.model_copy(
                update={"columns": {name: kernel.columns.get(name, first[name] * kernel.others) for name in first}}
            )
            for kernel in self.further
        ]
        return (Kernel(centres=self.centres, penalty=self.penalty, columns=first), *seen)

    def with_at_most(self, centres: int) -> Self:
        """Give back the same surface with at most so many centres in each kernel."""
        fewer = [kernel.model_copy(update={"centres": min(kernel.centres, centres)}) for kernel in self.further]
        return self.model_copy(update={"centres": min(self.centres, centres), "further": tuple(fewer)})

    @model_validator(mode="after")
    def _kernels_see_known_columns(self) -> Self:
        for kernel in self.further:
            for name in kernel.columns:
                if name not in self.columns:
                    raise ValueError(f'a further kernel names "{name}"; expected one of smooth.columns')
        return self


class Trust(Part):
    """How much a sale counts that is far from what a pilot surface says of it.

    `scale` is the distance, in robust standard deviations, at which a sale counts half; `centres` are those of each of
    the pilot's kernels, at most.
    """

    scale: Annotated[float, Field(gt=0)]
    centres: Positive


class TrendRules(Part):
    """Where the market's trend may bend, and how far it is carried on past the newest sale, in months."""

    knots_months: tuple[float, ...] = ()
    horizon_months: Annotated[float, Field(ge=0)]


class Training(Part):
    """How the model is learned."""

    seed: Annotated[int, Field(ge=0)]
    threads: Positive
    ridge_alpha: Annotated[float, Field(gt=0)]
    level_weight: Annotated[float, Field(ge=0)] = 10.0
    forest_share: Share
    refit: bool = True
    trend: TrendRules
    trust: Trust
    boosting: Boosting
    smooth: Smooth
