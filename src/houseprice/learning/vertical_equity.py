"""Gates of vertical equity: whether expensive houses are valued like cheap ones, beyond what noise alone would show.

Noise alone moves all three measures, as an unbiased prediction varies less than prices do: of the houses that were sold
for little, many were sold below their value. The bands of the standard are widened by that much, on that side only,
where none is configured.
"""

import math
from statistics import NormalDist
from typing import Any

from houseprice.config import Gates
from houseprice.learning.verdict import Gate, skipped, within
from houseprice.metrics import MIN_VEI_SALES, Estimate, vei_groups

IAAO_PRD, IAAO_PRB, IAAO_VEI = (0.98, 1.03), (-0.05, 0.05), (-10.0, 10.0)
"""What the Standard on Ratio Studies allows; the VEI, in percent, by its exposure draft of 2024."""


def check_vertical_equity(metrics: dict[str, Any], rules: Gates) -> tuple[Gate, ...]:
    """Return the gates `prd`, `prb` and `vei`.

    Of log prices with variance v around unbiased predictions with variance s, PRD is exp(v), PRB is
    −v/2 · ln 2 ÷ (s + v/4) and the VEI −v/2 · d ÷ √(s + v/4), as half of the value that ratios are regressed on, or
    grouped by, is the price itself. d is the distance between the means of the outer groups of a normal distribution,
    in standard deviations.
    """
    holdout, (prd, prb, vei) = metrics["holdout"], (rules.prd, rules.prb, rules.vei)
    noise = min(holdout["log_rmse"] ** 2, 1.0)
    if prd is None:
        prd = (IAAO_PRD[0], IAAO_PRD[1] * math.exp(noise))
    if prb is None:
        shift = -noise / 2.0 * math.log(2.0) / _spread(metrics, noise)
        prb = (IAAO_PRB[0] + shift, IAAO_PRB[1])
    if vei is None:
        shift = -100.0 * noise / 2.0 * _distance(vei_groups(holdout["sales"])) / math.sqrt(_spread(metrics, noise))
        vei = (IAAO_VEI[0] + shift, IAAO_VEI[1])
    equity = skipped("vei", f"{vei[0]:.3g} to {vei[1]:.3g}", f"there are fewer than {MIN_VEI_SALES} held-out sales")
    if found := holdout.get("vei"):
        equity = within("vei", Estimate(found["value"], *found["ci95"]), vei)
    return (
        within("prd", Estimate(holdout["prd"], *holdout["ci95"]["prd"]), prd),
        within("prb", Estimate(holdout["prb"], *holdout["ci95"]["prb"]), prb),
        equity,
    )


def _spread(metrics: dict[str, Any], noise: float) -> float:
    """Return the variance of log((price + prediction) / 2), were the predictions unbiased."""
    spread: float = metrics["baselines"]["constant"]["log_rmse"] ** 2 - 0.75 * noise
    return max(spread, noise / 4.0, 1e-12)


def _distance(groups: int) -> float:
    """Return how many standard deviations lie between the means of the outer groups of a normal distribution."""
    normal = NormalDist()
    return 2.0 * groups * normal.pdf(normal.inv_cdf(1.0 / groups))
