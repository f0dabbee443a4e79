"""The whole configuration: every part, and the schema that its columns make."""

import hashlib
from functools import cached_property
from typing import Self

from pydantic import model_validator

from houseprice.config.parts import (
    BundleRules,
    Data,
    Features,
    Gates,
    Image,
    Interval,
    Part,
    Paths,
    Project,
    Split,
    Tracking,
)
from houseprice.config.training import Training
from houseprice.schema import Schema


class Config(Part):
    """Every choice of the project, checked and frozen."""

    project: Project
    paths: Paths
    data: Data
    features: Features
    split: Split
    training: Training
    interval: Interval
    gates: Gates
    tracking: Tracking
    bundle: BundleRules
    image: Image

    @cached_property
    def schema_(self) -> Schema:
        """The columns of a house sale."""
        return Schema(columns=self.data.columns)

    @model_validator(mode="after")
    def _columns_are_a_schema(self) -> Self:
        Schema(columns=self.data.columns)
        return self

    @property
    def sha256(self) -> str:
        """Digest of every choice, whatever the file's comments and order of keys."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
