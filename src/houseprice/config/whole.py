"""The whole configuration: every section, and the schema that its columns form."""

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
    """Every option of the project, validated and frozen."""

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
        """Digest of all options; the comments and the order of keys of the file do not count."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
