"""Configurations that tests change, write and load."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from houseprice.config import load
from houseprice.errors import ConfigError
from pipeline import with_hand_set

OWN = Path(__file__).parents[1] / "configs" / "model_config.yaml"
TEXT = with_hand_set(OWN.read_text(encoding="utf-8"))
TREE: dict[str, Any] = yaml.safe_load(TEXT)
Written = Callable[[str | bytes], Path]


def refusal(path: Path) -> ConfigError:
    """Return the error that loading a file ends with."""
    with pytest.raises(ConfigError) as err:
        load(path)
    return err.value


def with_value(dotted: str, value: Any) -> str:
    """Return the project's configuration with one value set, or taken away when it is None."""
    tree = copy.deepcopy(TREE)
    *parents, last = dotted.split(".")
    place = tree
    for name in parents:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return yaml.safe_dump(tree, sort_keys=False)
