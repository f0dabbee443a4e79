"""Choice of the sales that are a kernel's centres: a stratified draw.

Sales that are drawn at random lie close together here and leave gaps there, and with another draw a house in such a gap
has another price. A k-d tree (Bentley 1975, "Multidimensional binary search trees used for associative searching")
divides the sales into as many cells of equal numbers as there are centres, each time across the coordinate in which
they are spread most; one sale of each cell is drawn. The centres are then as dense as the sales are.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def stratified_centres(coordinates: Floats, order: Rows, count: int) -> Rows:
    """Return the rows that are centres, ascending; all of them where there are no more.

    Args:
        coordinates: as the kernel sees them, in lengthscales [houses, columns].
        order: all rows in a random order; the first in each cell is drawn.
        count: number of centres.
    """
    if count >= len(order):
        return np.sort(order)
    drawn, cells = [], [(order, count)]
    while cells:
        rows, centres = cells.pop()
        if centres == 1:
            drawn.append(rows[0])
            continue
        inside = coordinates[rows]
        values = inside[:, inside.var(axis=0).argmax()]
        lower = np.zeros(len(rows), dtype=np.bool_)
        lower[np.argsort(values, kind="stable")[: len(rows) * (centres // 2) // centres]] = True
        cells += [(rows[lower], centres // 2), (rows[~lower], centres - centres // 2)]
    return np.sort(np.array(drawn))
