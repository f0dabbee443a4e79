"""Configuration of the project: YAML, read once into a frozen and validated `Config`."""

from houseprice.config.dependent_keys import keys_of_columns
from houseprice.config.file_layout import FileLayout
from houseprice.config.loading import load
from houseprice.config.parts import (
    BundleRules,
    Data,
    DisparityLimits,
    Features,
    Gates,
    Image,
    Interval,
    LeakageRules,
    Paths,
    Project,
    Split,
    Tracking,
    Valuation,
)
from houseprice.config.training import (
    Boosting,
    FoundTraining,
    Kernel,
    KernelRidgeColumn,
    KernelRidgeConfig,
    RobustWeightsConfig,
    Training,
    TrendRules,
)
from houseprice.config.whole import Config

__all__ = [
    "Boosting",
    "BundleRules",
    "Config",
    "Data",
    "DisparityLimits",
    "Features",
    "FileLayout",
    "FoundTraining",
    "Gates",
    "Image",
    "Interval",
    "Kernel",
    "KernelRidgeColumn",
    "KernelRidgeConfig",
    "LeakageRules",
    "Paths",
    "Project",
    "RobustWeightsConfig",
    "Split",
    "Tracking",
    "Training",
    "TrendRules",
    "Valuation",
    "keys_of_columns",
    "load",
]
