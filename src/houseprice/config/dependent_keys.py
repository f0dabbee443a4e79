"""Keys of a configuration that name a column, so that all can be deleted at once where the data lack it."""

from collections.abc import Collection, Iterator

from houseprice.config.derived import DERIVED_ROLES
from houseprice.config.whole import Config


def keys_of_columns(config: Config, file_columns: Collection[str]) -> list[str]:
    """Return the dotted keys to delete for a file without some of the columns that it is read from.

    An item of a list is given as the key of the list and its value. Nothing is returned for the price, which no
    configuration can do without.
    """
    schema = config.schema_
    lost = {name for name, sources in schema.sources.items() if set(sources) & set(file_columns)}
    if schema.target in lost:
        return []
    return [*_keys(config, lost), *(f"data.only.{name}" for name in config.data.only if name in file_columns)]


def _keys(config: Config, lost: set[str]) -> Iterator[str]:
    roles = {role for role, name in config.schema_.request_roles.items() if name not in lost}
    derived = [name for name in config.derived if not roles >= set(DERIVED_ROLES[name])]
    made = {f"{name}{suffix}" for name in lost for suffix in ("_ordinal", "_target_encoding")}
    gone = lost | set(derived) | made
    yield from (f"data.columns.{name}" for name in config.data.columns if name in lost)
    if config.features.derived != "auto":
        yield from (f"features.derived.{name}" for name in derived)
    ridge = config.training.kernel_ridge
    if ridge != "auto":
        yield from (f"training.kernel_ridge.columns.{name}" for name in ridge.columns if name in gone)
        yield from (f"training.kernel_ridge.categories.{name}" for name in ridge.categories if name in gone)
        for place, kernel in enumerate(ridge.additional_kernels):
            yield from (
                f"training.kernel_ridge.additional_kernels.{place}.columns.{name}"
                for name in kernel.columns
                if name in gone
            )
    yield from (f"gates.leakage.waivers.{name}" for name in config.gates.leakage.waivers if name in gone)
