"""The public Ames table in, a raw CSV for our road out: known dirt mended, plain sums of raw columns added.

What is done to a row looks at that row alone.
"""

import sys
from pathlib import Path

import polars as pl

sys.path.append(str(Path(__file__).resolve().parents[2] / "examples"))
import package_tables

NONE = "none"  # what a house without the thing says; a blank is kept for what is not known
ABSENT = (
    "alley", "mas_vnr_type", "bsmt_exposure", "bsmtfin_type_1", "bsmtfin_type_2", "garage_type", "garage_finish",
    "fence", "misc_feature", "bsmt_qual", "bsmt_cond", "fireplace_qu", "garage_qual", "garage_cond", "pool_qc",
)  # fmt: skip


def fetch(cache: Path) -> pl.DataFrame:
    """Return the 2,930 sales in the order of the file, columns under lower-case names, places joined by row."""
    houses = package_tables.ames(cache)
    columns = {name.lower().replace(".", "_"): houses[name].astype(object).where(houses[name].notna(), None).tolist()
               for name in houses.columns if name != "Order"}  # fmt: skip
    return pl.DataFrame({name: pl.Series(values, strict=False) for name, values in columns.items()})


def mend(raw: pl.DataFrame) -> pl.DataFrame:
    """Return the table as `ames_config.yaml` declares it."""
    c = pl.col
    table = raw.with_columns(c(pl.String).str.strip_chars())
    table = table.with_columns(
        *(c(name).fill_null(NONE) for name in ABSENT),
        pl.when(c("garage_yr_blt") > 2010).then(2007).otherwise(c("garage_yr_blt")).alias("garage_yr_blt"),
        pl.max_horizontal("year_remod_add", "year_built").alias("year_remod_add"),
        pl.date(c("yr_sold"), c("mo_sold"), 15).alias("date"),
        *(c(name).fill_null(0) for name in ("bsmtfin_sf_1", "bsmtfin_sf_2", "bsmt_unf_sf", "total_bsmt_sf",
          "garage_cars", "garage_area", "bsmt_full_bath", "bsmt_half_bath", "mas_vnr_area")),
    )  # fmt: skip
    table = table.with_columns(
        baths=c("full_bath") + c("bsmt_full_bath") + 0.5 * (c("half_bath") + c("bsmt_half_bath")),
        total_area=c("area") + c("total_bsmt_sf"),
        finished_area=c("area") + c("bsmtfin_sf_1") + c("bsmtfin_sf_2"),
        porch_area=c("open_porch_sf") + c("enclosed_porch") + c("x3ssn_porch") + c("screen_porch") + c("wood_deck_sf"),
        quality_area=c("overall_qual") * (c("area") + c("total_bsmt_sf")),
        quality_and_state=c("overall_qual") + c("overall_cond"),
    )
    return table.with_columns(c("garage_yr_blt").fill_null(c("year_built")))
