"""Reader of YAML by the core schema of YAML 1.2, strict and bounded.

YAML 1.1, which PyYAML reads by itself, takes `No` for false, `1e-6` for a text, `010` for 8 and `12:30` for 750. By the
core schema (https://yaml.org/spec/1.2.2/#103-core-schema) only true and false are booleans, and no text becomes a date.
All keys of a configuration are names, so that a column may be called `No`, `null` or `2015`. A key that is given twice
is refused, and so is a file that its aliases would make huge.
"""

import re
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_CHARACTERS = 500_000
"""Of the file, and of all values when every alias is written out; an ordinary configuration has some 10,000."""


class TooLargeError(ValueError):
    """The file is too large, or its aliases make it so."""


class CoreLoader(yaml.SafeLoader):
    """Loader of the core schema."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own form; filled below


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first)


def read_yaml(text: str) -> Any:
    """Return the content of one YAML document.

    Raises:
        yaml.YAMLError: It is not YAML, or a key is given twice.
        TooLargeError: It is too large.
    """
    if len(text) > MAX_CHARACTERS:
        raise TooLargeError(f"it has {len(text):,} characters")
    loader = CoreLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        _check_size(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _check_size(root: Node) -> None:
    """Check how large the document is with every alias written out; an alias within itself is PyYAML's to refuse."""
    sizes: dict[int, int] = {}

    def size(node: Node) -> int:
        if id(node) not in sizes:
            sizes[id(node)] = 1
            if isinstance(node, ScalarNode):
                total = len(node.value)
            elif isinstance(node, MappingNode):
                total = sum(size(key) + size(value) for key, value in node.value)
            else:
                total = sum(map(size, node.value))
            sizes[id(node)] = total + 1
        return sizes[id(node)]

    if (found := size(root)) > MAX_CHARACTERS:
        raise TooLargeError(f"its aliases expand it to {found:,} characters and values")


def _mapping(loader: CoreLoader, node: MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise ConstructorError(None, None, "a key is a list or a table", key.start_mark)
        if key.value in found:
            raise ConstructorError(None, None, f'key "{key.value}" is given twice', key.start_mark)
        found[key.value] = loader.construct_object(value, deep=True)
    return found


def _sequence(loader: CoreLoader, node: SequenceNode) -> list[Any]:
    return [loader.construct_object(item, deep=True) for item in node.value]


def _int(_: CoreLoader, node: ScalarNode) -> int:
    text = node.value
    return int(text, 0) if text.startswith(("0o", "0x")) else int(text)


def _float(_: CoreLoader, node: ScalarNode) -> float:
    return float(node.value.lower().replace(".inf", "inf").replace(".nan", "nan"))


CoreLoader.add_constructor("tag:yaml.org,2002:map", _mapping)
CoreLoader.add_constructor("tag:yaml.org,2002:seq", _sequence)
CoreLoader.add_constructor("tag:yaml.org,2002:int", _int)
CoreLoader.add_constructor("tag:yaml.org,2002:float", _float)
