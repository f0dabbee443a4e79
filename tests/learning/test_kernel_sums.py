"""Sums of kernels in the graph: what numpy's exponentials give, for kernels of any sharpness and size."""

import ndonnx as ndx
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from houseprice.learning.kernel_sums import MAX_NORM, MAX_POINTS, grid_size, traced_sum
from houseprice.learning.rbf_kernel import RbfKernel, rbf

Floats = npt.NDArray[np.float64]
COORDINATES = 6
TOLERANCE = 5e-7  # half of what prices may differ by
LOW, HIGH = np.full(COORDINATES, -3.0), np.full(COORDINATES, 5.0)
SHARP = {"smooth": 0.02, "usual": 0.5, "sharp": 20.0, "needles": 400.0}


def kernel(draw: np.random.Generator, columns: int, scale: float, weight: float, centres: int = 300) -> RbfKernel:
    """Return a kernel of the first coordinates, whose centres are anywhere that a house may be."""
    places = draw.uniform(LOW[:columns], HIGH[:columns], (centres, columns))
    scales = scale * draw.uniform(0.5, 1.0, columns)
    return RbfKernel(np.arange(columns), scales, places * scales, draw.uniform(-weight, weight, centres))


def houses(draw: np.random.Generator, kernels: list[RbfKernel]) -> Floats:
    """Return coordinates within the bounds: anywhere, on centres, beside them, and in all corners."""
    anywhere = draw.uniform(LOW[:, None], HIGH[:, None], (COORDINATES, 500))
    corners = np.array(np.meshgrid(*zip(LOW, HIGH, strict=True))).reshape(COORDINATES, -1)
    near = []
    for one in kernels:
        place = anywhere[:, : len(one.centres)].copy()
        place[one.column_index] = (one.centres / one.inverse_lengthscale).T[:, : place.shape[1]]
        beside = place + draw.normal(size=place.shape) * 0.3 / one.inverse_lengthscale.max()
        near += [place, np.clip(beside, LOW[:, None], HIGH[:, None])]
    return np.concatenate([anywhere, corners, *near], axis=1)


def graph_of(kernels: list[RbfKernel]) -> onnx.ModelProto:
    """Return the graph of the sum of kernels."""
    coordinates = ndx.argument(shape=(COORDINATES, "houses"), dtype=ndx.float64)
    return ndx.build({"coordinates": coordinates}, {"sum": traced_sum(kernels, coordinates, LOW, HIGH)})


def run(graph: onnx.ModelProto, coordinates: Floats) -> Floats:
    """Return the sums that a graph gives."""
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"coordinates": coordinates})[0])


def exact(kernels: list[RbfKernel], coordinates: Floats) -> Floats:
    """Return the sums by numpy."""
    return np.asarray(sum(one.dual_coef @ rbf(one.log_kernel(coordinates)) for one in kernels))


@pytest.mark.parametrize("weight", [1.0, 65.0, 1000.0])
@pytest.mark.parametrize("columns", [1, 2, 6])
@pytest.mark.parametrize("scale", SHARP.values(), ids=SHARP)
def test_a_sum_is_that_of_the_exponentials(scale: float, columns: int, weight: float) -> None:
    """However short the lengthscale is, and with coefficients that cancel by the thousand."""
    draw = np.random.default_rng(columns)
    kernels = [kernel(draw, columns, scale, weight)]
    coordinates = houses(draw, kernels)
    assert run(graph_of(kernels), coordinates) == pytest.approx(exact(kernels, coordinates), abs=TOLERANCE)


def test_kernels_of_every_kind_add_up() -> None:
    """On grids, by the table, and of columns that overlap; one house alone gives the same as many."""
    draw = np.random.default_rng(1)
    kernels = [
        kernel(draw, 6, 0.1, 5.0),
        kernel(draw, 2, 3.0, 5.0),
        kernel(draw, 6, 0.4, 5.0),
        kernel(draw, 2, 9.0, 5.0),
    ]
    kernels.append(kernel(draw, 3, 2.0, 5.0))
    coordinates, graph = houses(draw, kernels), graph_of(kernels)
    assert run(graph, coordinates) == pytest.approx(exact(kernels, coordinates), abs=TOLERANCE)
    assert run(graph, coordinates[:, 7:8]) == pytest.approx(exact(kernels, coordinates[:, 7:8]), abs=TOLERANCE)


def test_a_house_that_is_not_a_number_troubles_no_other() -> None:
    """It has some sum, where an entry of a table that does not exist would end the request of all."""
    draw = np.random.default_rng(2)
    kernels = [kernel(draw, 6, 0.5, 5.0), kernel(draw, 2, 3.0, 5.0)]
    coordinates = draw.uniform(LOW[:, None], HIGH[:, None], (COORDINATES, 3))
    coordinates[:, 1] = np.nan
    found = run(graph_of(kernels), coordinates)
    assert found[[0, 2]] == pytest.approx(exact(kernels, coordinates[:, [0, 2]]), abs=TOLERANCE)


def test_a_grid_that_would_be_too_large_is_not_made() -> None:
    """The graph stays small, whatever the lengthscale is."""
    draw = np.random.default_rng(3)
    needles = kernel(draw, 2, SHARP["needles"], 1.0)
    size = grid_size(LOW[:2] * needles.inverse_lengthscale, HIGH[:2] * needles.inverse_lengthscale)
    assert np.prod(size) > MAX_POINTS
    assert len(graph_of([needles]).SerializeToString()) < 600_000


def exponentials(graph: onnx.ModelProto, coordinates: Floats) -> list[npt.NDArray[np.floating]]:
    """Return what the exponentials of a graph give."""
    names = [node.output[0] for node in graph.graph.node if node.op_type == "Exp"]
    graph.graph.output.extend(onnx.helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    return list(session.run(names, {"coordinates": coordinates})) if names else []


def test_only_large_coefficients_need_exponentials_of_float64() -> None:
    """One for each centre and house takes longer than all else; up to a norm, none is made."""
    draw = np.random.default_rng(4)
    for weight, expected in ((5.0, 0), (1000.0, 2)):
        kernels = [kernel(draw, 6, 0.1, weight), kernel(draw, 2, 3.0, weight)]
        assert all((np.linalg.norm(one.dual_coef) > MAX_NORM) == (expected > 0) for one in kernels)
        coordinates = houses(draw, kernels)
        values = [value for value in exponentials(graph_of(kernels), coordinates) if value.dtype == np.float64]
        assert sum(value.size >= 300 * coordinates.shape[1] for value in values) == expected


@pytest.mark.parametrize("scale", [0.9, 2.0, 9.0])
def test_no_exponential_is_a_subnormal_number_when_houses_are_far_from_centres(scale: float) -> None:
    """The processor takes several times as long for one."""
    draw = np.random.default_rng(6)
    sharp = kernel(draw, 6, scale, 1.0)
    values = exponentials(graph_of([sharp]), houses(draw, [sharp]))
    assert sum(value.size for value in values) > 300
    assert not any(((value > 0.0) & (value < np.finfo(value.dtype).tiny)).any() for value in values)


def test_kernels_that_see_nothing_or_what_never_changes_have_a_sum_too() -> None:
    """A kernel may name columns that a table lacks, or that are the same in all sales."""
    draw = np.random.default_rng(5)
    blind = RbfKernel(np.arange(0), np.ones(0), np.ones((9, 0)), np.ones(9))
    level = RbfKernel(np.arange(2), np.ones(2), np.full((9, 2), 0.5), draw.normal(size=9))
    coordinates = np.full((COORDINATES, 4), 0.5)
    ends = np.full(COORDINATES, 0.5), np.full(COORDINATES, 0.5)
    asked = ndx.argument(shape=(COORDINATES, "houses"), dtype=ndx.float64)
    graph = ndx.build({"coordinates": asked}, {"sum": traced_sum([blind, level], asked, *ends)})
    assert run(graph, coordinates) == pytest.approx(9.0 + level.dual_coef.sum(), abs=TOLERANCE)
