"""Keys of the configuration that were renamed, so that the error for an old key can name the new one."""

from collections.abc import Iterator
from typing import Any

RENAMED = {
    "data.decimal": "form.decimal",
    "data.thousands_separator": "form.thousands",
    "data.date_formats": "form.dates",
    "data.separator": "file.separator",
    "training.level_weight": "target_encoding_weight",
    "training.forest_share": "tree_share",
    "training.trust": "robust_weights",
    "training.smooth": "kernel_ridge",
    "training.boosting.rounds": "iterations",
    "training.boosting.column_share": "feature_fraction",
    "training.boosting.row_share": "row_fraction",
    "training.boosting.borders": "border_count",
    "training.kernel_ridge.sharpness": "inverse_lengthscale",
    "training.kernel_ridge.text_penalty": "category_penalty",
    "training.kernel_ridge.texts": "categories",
    "training.kernel_ridge.further": "additional_kernels",
    "training.kernel_ridge.columns.*.sharpness": "inverse_lengthscale",
    "training.kernel_ridge.columns.*.form": "transform",
    "training.kernel_ridge.additional_kernels.*.others": "other_columns_scale",
    "gates.max_unknown_texts": "max_unknown_categories",
    "gates.max_row_microseconds": "max_latency_ratio",
    "gates.max_latency_microseconds": "max_latency_ratio",
    "gates.max_worst_slice_log_rmse": "max_worst_slice_ratio",
    "gates.leaks": "leakage",
}
"""Old key, below the new names of its parents → its new name; `*` is any column, or any item of a list."""


def renamed_keys(content: Any, old: tuple[str, ...] = (), new: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield the dotted path of each old key in a configuration, as it is written and as it is called now."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        written, current = (*old, str(key)), (*new, str(key))
        if name := _new_name(current):
            current = (*new, name)
            yield ".".join(written), ".".join(current)
        yield from renamed_keys(value, written, current)


def _new_name(path: tuple[str, ...]) -> str | None:
    for pattern, name in RENAMED.items():
        parts = pattern.split(".")
        if len(parts) == len(path) and all(part in ("*", found) for part, found in zip(parts, path, strict=True)):
            return name
    return None
