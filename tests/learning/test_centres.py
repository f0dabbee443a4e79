"""The stratified draw of a kernel's centres: one of each cell, as dense as the sales are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import KDTree

from houseprice.learning.centres import stratified_centres


def order(rows: int, seed: int = 0) -> np.ndarray:
    """Return some rows in a random order."""
    return np.random.default_rng(seed).permutation(rows)


@given(st.integers(1, 90), st.integers(1, 100), st.booleans())
def test_so_many_different_rows_are_drawn(rows: int, count: int, alike: bool) -> None:
    """All of them where there are no more, and also where all houses are alike."""
    coordinates = np.zeros((rows, 2)) if alike else np.random.default_rng(1).normal(size=(rows, 2))
    drawn = stratified_centres(coordinates, order(rows), count)
    assert len(drawn) == min(rows, count)
    assert drawn.tolist() == sorted(set(drawn.tolist()) & set(range(rows)))


def test_one_is_drawn_of_each_piece_of_a_line() -> None:
    """A hundred pieces of ten sales each, however uneven they lie."""
    line = np.sort(np.random.default_rng(2).exponential(size=1000))
    drawn = stratified_centres(line[:, None], order(1000), 100)
    assert (drawn // 10).tolist() == list(range(100))


def test_cells_are_divided_where_sales_are_spread_most() -> None:
    """In lengthscales: a column to which the kernel is nearly blind divides nothing."""
    draw = np.random.default_rng(3)
    coordinates = np.column_stack([draw.normal(size=640), 1e-3 * draw.normal(size=640)])
    rank = coordinates[:, 0].argsort().argsort()
    drawn = stratified_centres(coordinates, order(640), 64)
    assert sorted(rank[drawn] // 10) == list(range(64))


@pytest.mark.parametrize("seed", range(5))
def test_sales_are_nearer_to_a_centre_than_with_a_plain_draw(seed: int) -> None:
    """Its gaps are what a kernel with a short lengthscale does not see into."""
    places = np.random.default_rng(seed).normal(size=(4000, 2))
    near, plain = (
        KDTree(places[rows]).query(places)[0].mean()
        for rows in (stratified_centres(places, order(4000, seed), 400), order(4000, seed)[:400])
    )
    assert near < 0.93 * plain


def test_another_order_draws_other_rows() -> None:
    """And the same order the same ones."""
    places = np.random.default_rng(4).normal(size=(500, 2))
    first, again, other = (stratified_centres(places, order(500, seed), 50).tolist() for seed in (0, 0, 1))
    assert first == again != other
