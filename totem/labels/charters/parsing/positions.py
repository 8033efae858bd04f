"""Where each key and value of a TOML text stands. For commands only: a web process never loads tree-sitter."""

import tomllib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

Path = tuple[str | int, ...]
Position = tuple[int, int]  # line and column, both from 1; columns count characters


class Positions:
    """Lines and columns by path of keys: `("criteria", 2, "title", "fr")`. The text has to be valid TOML."""

    def __init__(self, text: str) -> None:
        self._lines = text.encode().split(b"\n")
        self._keys: dict[Path, Position] = {(): (1, 1)}
        self._values: dict[Path, Position] = {}
        self._lengths: dict[Path, int] = {}  # of arrays of tables, as far as they were read
        for node in _parsed(text).named_children:
            if node.type == "pair":
                self._pair(node, ())
            elif node.type in {"table", "table_array_element"}:
                self._table(node)

    def key(self, path: Path) -> Position:
        """Where the key stands; that of the nearest table around it where the path leads nowhere."""
        return next(self._keys[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self._keys)

    def value(self, path: Path) -> Position:
        """Where the value stands; a table's is where its key is."""
        return self._values.get(path) or self.key(path)

    def _table(self, node: "Node") -> None:
        keys, *rest = node.named_children
        base: Path = ()
        parts = list(_parts(keys))
        for n, (name, part) in enumerate(parts, start=1):
            base = (*base, name)
            if node.type == "table_array_element" and n == len(parts):
                self._lengths[base] = self._lengths.get(base, 0) + 1
            self._keys.setdefault(base, self._position(part))
            if base in self._lengths:
                base = (*base, self._lengths[base] - 1)
                self._keys.setdefault(base, self._position(part))
        for pair in rest:
            if pair.type == "pair":
                self._pair(pair, base)

    def _pair(self, node: "Node", base: Path) -> None:
        keys, value = (child for child in node.named_children if child.type != "comment")
        for name, part in _parts(keys):
            base = (*base, name)
            self._keys.setdefault(base, self._position(part))
        self._value(value, base)

    def _value(self, node: "Node", path: Path) -> None:
        self._values[path] = self._position(node)
        self._keys.setdefault(path, self._position(node))
        inside = [child for child in node.named_children if child.type != "comment"]
        if node.type == "array":
            for n, child in enumerate(inside):
                self._value(child, (*path, n))
        elif node.type == "inline_table":
            for child in inside:
                self._pair(child, path)

    def _position(self, node: "Node") -> Position:
        row, column = node.start_point
        return row + 1, len(self._lines[row][:column].decode()) + 1


def _parsed(text: str) -> "Node":
    import tree_sitter_toml  # noqa: PLC0415 - pages never need it
    from tree_sitter import Language, Parser  # noqa: PLC0415

    return Parser(Language(tree_sitter_toml.language())).parse(text.encode()).root_node


def _parts(node: "Node") -> Iterator[tuple[str, "Node"]]:
    """The names of a key, dotted or not, each with where it stands."""
    if node.type == "dotted_key":
        for child in node.named_children:
            yield from _parts(child)
    elif node.text is not None:
        yield next(iter(tomllib.loads(f"{node.text.decode()} = 0"))), node
