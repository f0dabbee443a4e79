"""YAML in, frozen `Config` out: read once at the edge, strict, every problem told at once with its dotted key."""

from houseprice.config.loading import load
from houseprice.config.parts import (
    BundleRules,
    Data,
    Features,
    Gates,
    Image,
    Interval,
    LeakRules,
    Paths,
    Project,
    Split,
    Tracking,
)
from houseprice.config.training import Boosting, Kernel, Smooth, SmoothColumn, Training, TrendRules, Trust
from houseprice.config.whole import Config

__all__ = [
    "Boosting",
    "BundleRules",
    "Config",
    "Data",
    "Features",
    "Gates",
    "Image",
    "Interval",
    "Kernel",
    "LeakRules",
    "Paths",
    "Project",
    "Smooth",
    "SmoothColumn",
    "Split",
    "Tracking",
    "Training",
    "TrendRules",
    "Trust",
    "load",
]
