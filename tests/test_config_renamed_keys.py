"""Keys of older configurations."""

import copy
from typing import Any

import pytest
import yaml

from config_files import TREE, Written, refusal
from houseprice.config.renamed_keys import RENAMED

OLD_KEYS = [
    ("data.separator", "data.file.separator"),
    ("data.decimal", "data.form.decimal"),
    ("data.thousands_separator", "data.form.thousands"),
    ("data.date_formats", "data.form.dates"),
    ("training.level_weight", "training.target_encoding_weight"),
    ("training.forest_share", "training.tree_share"),
    ("training.trust", "training.robust_weights"),
    ("training.smooth", "training.kernel_ridge"),
    ("training.boosting.rounds", "training.boosting.iterations"),
    ("training.boosting.column_share", "training.boosting.feature_fraction"),
    ("training.boosting.row_share", "training.boosting.row_fraction"),
    ("training.boosting.borders", "training.boosting.border_count"),
    ("training.smooth.sharpness", "training.kernel_ridge.inverse_lengthscale"),
    ("training.smooth.text_penalty", "training.kernel_ridge.category_penalty"),
    ("training.smooth.texts", "training.kernel_ridge.categories"),
    ("training.smooth.further", "training.kernel_ridge.additional_kernels"),
    ("training.kernel_ridge.sharpness", "training.kernel_ridge.inverse_lengthscale"),
    ("training.smooth.columns.lat.sharpness", "training.kernel_ridge.columns.lat.inverse_lengthscale"),
    ("training.kernel_ridge.columns.lat.form", "training.kernel_ridge.columns.lat.transform"),
    ("training.smooth.further.0.others", "training.kernel_ridge.additional_kernels.0.other_columns_scale"),
    ("gates.max_unknown_texts", "gates.max_unknown_categories"),
    ("gates.max_row_microseconds", "gates.max_latency_ratio"),
    ("gates.max_latency_microseconds", "gates.max_latency_ratio"),
    ("gates.max_worst_slice_log_rmse", "gates.max_worst_slice_ratio"),
    ("gates.leaks", "gates.leakage"),
]


@pytest.mark.parametrize(("old", "new"), OLD_KEYS)
def test_a_renamed_key_is_refused_with_its_new_name(written: Written, old: str, new: str) -> None:
    """Whoever comes with an older file is told what each key is called now."""
    tree = copy.deepcopy(TREE)
    parent: Any = tree
    *parents, last = old.split(".")
    for name in parents:
        parent = parent[0] if name == "0" else parent.setdefault(name, [{}] if name == "further" else {})
    parent[last] = 1
    error = refusal(written(yaml.safe_dump(tree)))
    assert error.code == "config_key_renamed"
    assert error.details["renamed"][old] == new
    assert new in str(error)


def test_every_renamed_key_is_tested() -> None:
    """A key that is renamed later needs its line above."""
    assert {old.split(".")[-1] for old, _ in OLD_KEYS} == {old.split(".")[-1] for old in RENAMED}
