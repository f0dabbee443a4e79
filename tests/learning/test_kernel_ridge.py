"""The smooth surface: what it follows, what each kernel sees, and what it refuses."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from sklearn.kernel_ridge import KernelRidge

from houseprice.config import Kernel, KernelRidgeColumn, KernelRidgeConfig
from houseprice.errors import DataError
from houseprice.learning.features import look_up, matrix
from houseprice.learning.kernel_ridge import AdditiveKernelRidge, fit_kernel_ridge, fit_penalty_path
from houseprice.learning.rbf_kernel import kernel_matrix

Floats = npt.NDArray[np.float64]
DRAW = np.random.default_rng(0)
TABLE = pl.DataFrame(
    {
        "east": DRAW.normal(size=400),
        "size": DRAW.normal(size=400),
        "quarter": DRAW.choice(["a", "b"], size=400),
    },
    schema_overrides={"east": pl.Float32, "size": pl.Float32},
)
EAST, SIZE = (TABLE[name].to_numpy().astype(np.float64) for name in ("east", "size"))
COLUMNS = {"east": KernelRidgeColumn(inverse_lengthscale=0.4), "size": KernelRidgeColumn(inverse_lengthscale=0.2)}


def at(surface: AdditiveKernelRidge, table: pl.DataFrame = TABLE) -> Floats:
    """Return what a surface says of some houses."""
    return np.asarray(surface.predict(matrix(table), look_up))


def test_it_is_kernel_ridge_regression() -> None:
    """With every sale a centre, scikit-learn's own answers, on what straight lines leave over."""
    log = np.sin(2 * EAST) + 0.3 * np.cos(SIZE)
    config = KernelRidgeConfig(centres=400, penalty=0.1, inverse_lengthscale=0.3, columns=COLUMNS)
    found = fit_kernel_ridge(matrix(TABLE), log, config, seed=0)
    coordinates = np.column_stack([EAST / EAST.std() * 0.4, SIZE / SIZE.std() * 0.2])
    left = log - (coordinates - coordinates.mean(axis=0)) @ (found.linear_coef / [0.4, 0.2]) - found.intercept
    oracle = KernelRidge(alpha=0.1, kernel="rbf", gamma=1.0).fit(coordinates, left)
    assert at(found) == pytest.approx(oracle.predict(coordinates) + log - left, abs=1e-4)


@pytest.mark.parametrize(("column", "far"), [("east", 1e3), ("east", -1e3), ("size", 1e6)])
def test_what_lies_outside_is_answered_like_the_edge(column: str, far: float) -> None:
    """A slope does not go on to where nothing was ever sold."""
    config = KernelRidgeConfig(centres=100, penalty=0.1, inverse_lengthscale=0.3, columns=COLUMNS)
    surface = fit_kernel_ridge(matrix(TABLE), EAST + SIZE, config, seed=0)
    edge = TABLE[column].max() if far > 0 else TABLE[column].min()
    one = TABLE.head(1)
    aside, there = (one.with_columns(pl.lit(value, pl.Float32).alias(column)) for value in (far, edge))
    assert at(surface, aside).tolist() == at(surface, there).tolist() != at(surface, one).tolist()


def test_a_further_kernel_follows_what_the_first_is_too_blunt_for() -> None:
    """A ripple in one column, beside a plain slope in the other."""
    log = np.sin(9 * EAST) + SIZE
    blunt = KernelRidgeConfig(centres=400, penalty=0.1, inverse_lengthscale=0.3, columns=COLUMNS)
    both = blunt.model_copy(update={"additional_kernels": (Kernel(centres=400, penalty=0.1, columns={"east": 8.0}),)})
    assert np.std(at(fit_kernel_ridge(matrix(TABLE), log, blunt, seed=0)) - log) > 0.4
    assert np.std(at(fit_kernel_ridge(matrix(TABLE), log, both, seed=0)) - log) < 0.1


def test_a_kernel_sees_the_columns_that_it_names_and_no_others() -> None:
    """Or the others as well, so many times as sharp as the first kernel sees them."""
    config = KernelRidgeConfig(
        centres=50, penalty=0.1, inverse_lengthscale=0.3, columns=COLUMNS,
        additional_kernels=(
            Kernel(centres=50, penalty=0.1, columns={"east": 8.0}),
            Kernel(centres=50, penalty=0.1, columns={"east": 1.0}, other_columns_scale=3.0),
        ),
    )  # fmt: skip
    first, place, rest = fit_kernel_ridge(matrix(TABLE), EAST + SIZE, config, seed=0).kernels
    assert first.inverse_lengthscale.tolist() == [0.4, 0.2]
    assert (place.column_index.tolist(), place.inverse_lengthscale.tolist()) == ([0], [8.0])
    assert (rest.column_index.tolist(), rest.inverse_lengthscale.tolist()) == ([0, 1], pytest.approx([1.0, 0.6]))


def test_a_row_that_weighs_nothing_is_not_followed() -> None:
    """As if it were not there; with a weight of one each, as if there were no weights."""
    log = SIZE.copy()
    log[:50] += 5.0
    config = KernelRidgeConfig(centres=400, penalty=0.1, inverse_lengthscale=0.3, columns=COLUMNS)
    weights = np.r_[np.full(50, 1e-9), np.ones(350)]
    assert np.abs(at(fit_kernel_ridge(matrix(TABLE), log, config, 0, weights)) - SIZE).max() < 0.1
    assert np.abs(at(fit_kernel_ridge(matrix(TABLE), log, config, 0)) - SIZE).max() > 0.5
    ones = fit_kernel_ridge(matrix(TABLE), log, config, 0, np.ones(400))
    assert at(ones) == pytest.approx(at(fit_kernel_ridge(matrix(TABLE), log, config, 0)), abs=1e-9)


def test_all_sales_as_centres_give_nearly_what_all_but_one_give() -> None:
    """One system with an unknown for each sale, or one with an unknown for each centre of each kernel."""
    log = np.sin(2 * EAST) + SIZE + 0.2 * (TABLE["quarter"] == "b").to_numpy() + 0.1 * DRAW.normal(size=400)
    weights = DRAW.uniform(0.5, 1.5, 400)
    found = []
    for centres in (400, 399):
        place = Kernel(centres=centres, penalty=0.7, columns={"east": 2.0})
        config = KernelRidgeConfig(
            centres=centres, penalty=0.2, inverse_lengthscale=0.3, columns=COLUMNS, categories=("quarter",),
            additional_kernels=(place,),
        )  # fmt: skip
        found.append(fit_penalty_path(matrix(TABLE), log, config, (1.0, 0.1), 0, weights))
    for every_sale, all_but_one in zip(*found, strict=True):
        assert at(every_sale) == pytest.approx(at(all_but_one), abs=2e-3)
        assert every_sale.effects["quarter"] == pytest.approx(all_but_one.effects["quarter"], abs=2e-3)


def test_a_text_has_its_effect_and_an_unknown_one_none() -> None:
    """Each quarter's own level is found, shrunk a little."""
    dear = (TABLE["quarter"] == "b").to_numpy()
    config = KernelRidgeConfig(
        centres=20, penalty=0.1, inverse_lengthscale=0.3, columns=COLUMNS, categories=("quarter", "not there")
    )
    surface = fit_kernel_ridge(matrix(TABLE), SIZE + dear, config, seed=0)
    assert surface.effects["quarter"]["b"] - surface.effects["quarter"]["a"] == pytest.approx(1.0, abs=0.05)
    nowhere = at(surface, TABLE.with_columns(quarter=pl.lit("nowhere")))
    known = at(surface) - np.where(dear, surface.effects["quarter"]["b"], surface.effects["quarter"]["a"])
    assert nowhere == pytest.approx(known, abs=1e-6)


def test_a_table_without_any_of_the_columns_is_a_data_error() -> None:
    """Found, expected, what to do."""
    config = KernelRidgeConfig(centres=20, penalty=0.1, inverse_lengthscale=0.3, columns={"north": KernelRidgeColumn()})
    with pytest.raises(DataError, match="north") as excinfo:
        fit_kernel_ridge(matrix(TABLE), SIZE, config, seed=0)
    assert excinfo.value.code == "kernel_ridge_without_columns"


def test_a_sharp_kernel_holds_no_subnormal_numbers() -> None:
    """A product with one takes a hundred times as long; what is far apart is as good as 0 all the same."""
    rows = np.column_stack([EAST, SIZE]) * 16.0
    kernel = kernel_matrix(rows, rows[:100])
    with np.errstate(under="ignore"):
        exact = np.exp(-((rows[:, None] - rows[:100]) ** 2).sum(axis=2))
    assert ((exact > 0.0) & (exact < np.finfo(np.float64).tiny)).any()
    assert not ((kernel > 0.0) & (kernel < np.finfo(np.float64).tiny)).any()
    assert kernel == pytest.approx(exact, rel=1e-9, abs=1e-99)


def test_a_path_of_penalties_gives_what_each_penalty_gives_alone() -> None:
    """The factors are those of the kernels' penalties, and of nothing else."""
    config = KernelRidgeConfig(
        centres=100, penalty=0.1, inverse_lengthscale=0.3, columns=COLUMNS, categories=("quarter",)
    )
    log = np.sin(2 * EAST) + SIZE
    path = fit_penalty_path(matrix(TABLE), log, config, (1.0, 0.3), seed=0)
    for factor, found in zip((1.0, 0.3), path, strict=True):
        alone = fit_kernel_ridge(matrix(TABLE), log, config.with_penalties(factor), seed=0)
        assert at(found) == pytest.approx(at(alone), abs=1e-9)


def test_each_text_may_have_its_own_penalty() -> None:
    """A large one leaves no effect."""
    log = SIZE + (TABLE["quarter"] == "b").to_numpy()
    config = KernelRidgeConfig(
        centres=20, penalty=0.1, inverse_lengthscale=0.3, columns=COLUMNS, categories={"quarter": 1e6}
    )
    effects = fit_kernel_ridge(matrix(TABLE), log, config, seed=0).effects["quarter"]
    assert abs(effects["b"] - effects["a"]) < 0.01
