"""The whole configuration: every section, and the schema that its columns form."""

import hashlib
from functools import cached_property
from typing import Self

from pydantic import model_validator

from houseprice.config.derived import chosen_derived, derived_problems, numeric_features
from houseprice.config.parts import (
    BundleRules,
    Data,
    Features,
    Gates,
    Image,
    Interval,
    Page,
    Part,
    Paths,
    Project,
    Split,
    Tracking,
    Valuation,
)
from houseprice.config.training import Training
from houseprice.errors import nearest
from houseprice.schema import Schema


class UnknownNamesError(ValueError):
    """Names of columns and features that do not exist; `problems` holds a line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Config(Part):
    """Every option of the project, validated and frozen.

    A file needs `project` and `data` alone; `load` fills the paths and names that follow from the project's name.
    """

    project: Project
    paths: Paths
    data: Data
    features: Features = Features()
    split: Split = Split()
    training: Training = Training()
    interval: Interval = Interval()
    valuation: Valuation = Valuation()
    gates: Gates = Gates()
    tracking: Tracking
    bundle: BundleRules = BundleRules()
    page: Page = Page()
    image: Image

    @cached_property
    def schema_(self) -> Schema:
        """The columns of a house sale, each with the form in which its cells are written."""
        form = self.data.form
        defaults = form.model_copy(update={"missing": (*form.missing, *self.data.missing)})
        return Schema(columns={name: column.with_form(defaults) for name, column in self.data.columns.items()})

    @cached_property
    def derived(self) -> tuple[str, ...]:
        """Names of the derived features."""
        return chosen_derived(self.features.derived, self.schema_)

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        """Check that every column and feature that is named elsewhere is there; all problems are in one message."""
        schema, ridge = self.schema_, self.training.kernel_ridge
        problems = list(derived_problems(self.derived, schema))
        texts = [name for name, column in schema.request.items() if column.is_text]
        encodings = [f"{name}_target_encoding" for name in [*texts, "all_texts"]]
        numbers = [*numeric_features(self.derived, schema), *encodings]
        named = () if ridge == "auto" else ridge.columns, () if ridge == "auto" else ridge.categories
        for key, names, known, kind in (
            ("columns", named[0], numbers, "numeric feature"),
            ("categories", named[1], texts, "text column"),
        ):
            problems += [
                f'training.kernel_ridge.{key}: "{name}" is no {kind}{nearest(name, known)}'
                for name in names
                if name not in known
            ]
        if problems:
            raise UnknownNamesError(problems)
        return self

    @property
    def sha256(self) -> str:
        """Digest of all options; the comments and the order of keys of the file do not count."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
