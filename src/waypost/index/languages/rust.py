"""Rust."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from waypost.index.languages.grammar import Grammar, words

if TYPE_CHECKING:
    from tree_sitter import Node


def used(tree: Node, text: bytes) -> Iterator[tuple[str, str, str, Node]]:
    """Module, name and alias of each import in a `use` or `extern crate`, with the node that names it."""
    top = tree.child_by_field_name("argument") or tree.child_by_field_name("name")
    waiting: list[tuple[str, Node]] = [("", top)] if top is not None else []
    while waiting:
        module, node = waiting.pop()
        kind = node.type
        path = node.child_by_field_name("path")
        if kind == "use_list":
            waiting.extend((module, child) for child in reversed(node.named_children))
        elif kind == "scoped_use_list":
            listed = node.child_by_field_name("list")
            if listed is not None:
                waiting.append((_joined(module, path, text), listed))
        elif kind == "use_wildcard":
            yield _joined(module, node.named_child(0), text), "*", "", node
        elif kind == "use_as_clause" and path is not None:
            alias = node.child_by_field_name("alias")
            yield *_split(_joined(module, path, text)), _text(alias, text), path
        elif node.is_named and kind not in {"line_comment", "block_comment"}:
            yield *_split(_joined(module, node, text)), "", node


def _joined(module: str, path: Node | None, text: bytes) -> str:
    return "::".join(part for part in (module, _text(path, text)) if part)


def _split(path: str) -> tuple[str, str]:
    module, _, name = path.rpartition("::")
    return (module, "") if name == "self" and module else (module, name) if module else (name, "")


def _text(node: Node | None, text: bytes) -> str:
    return "" if node is None else text[node.start_byte : node.end_byte].decode("utf-8", "replace")


RUST = Grammar(
    name="rust",
    wheel="tree_sitter_rust",
    separators=(b"::", b"."),
    comments=(b"//", b"#["),
    own=("self", "Self"),
    builtins=words(
        "Box Err None Ok Option Result Some String Vec assert assert_eq assert_ne debug_assert dbg eprintln "
        "format panic print println todo unimplemented unreachable vec write writeln self Self crate super "
        "derive"
    ),
    query="""
(function_item name: (identifier) @name) @function
(function_signature_item name: (identifier) @name) @function
(struct_item name: (type_identifier) @name) @struct
(enum_item name: (type_identifier) @name) @enum
(union_item name: (type_identifier) @name) @union
(trait_item name: (type_identifier) @name) @trait
(mod_item name: (identifier) @name) @module
(macro_definition name: (identifier) @name) @macro
(type_item name: (type_identifier) @name) @type
(associated_type name: (type_identifier) @name) @type
(impl_item type: [(type_identifier) @name (generic_type type: (type_identifier) @name)
  (scoped_type_identifier name: (type_identifier) @name)
  (generic_type type: (scoped_type_identifier name: (type_identifier) @name))]) @implementation
(impl_item trait: [(type_identifier) @inherit (generic_type type: (type_identifier) @inherit)
  (scoped_type_identifier name: (type_identifier) @inherit)])
(trait_item bounds: (trait_bounds [(type_identifier) @inherit (generic_type type: (type_identifier) @inherit)]))
(const_item name: (identifier) @bound.constant)
(static_item name: (identifier) @bound.variable)
(field_declaration name: (field_identifier) @bound.field)
(enum_variant name: (identifier) @bound.constant)
(let_declaration pattern: (identifier) @local)
(let_condition pattern: (identifier) @local)
(parameter pattern: (identifier) @local)
(parameter pattern: (mut_pattern (identifier) @local))
(closure_parameters (identifier) @local)
(for_expression pattern: (identifier) @local)
(tuple_pattern (identifier) @local)
(ref_pattern (identifier) @local)
(mut_pattern (identifier) @local)
(reference_pattern (identifier) @local)
(tuple_struct_pattern type: (_) (identifier) @local)
(field_pattern name: (shorthand_field_identifier) @local)
(field_pattern pattern: (identifier) @local)
(match_pattern . (identifier) @local)
(captured_pattern . (identifier) @local)
(type_parameter name: (type_identifier) @local)
(const_parameter name: (identifier) @local)
(macro_invocation macro: (identifier) @call)
(macro_invocation macro: (scoped_identifier name: (identifier) @call))
(generic_function function: [(identifier) @call (scoped_identifier name: (identifier) @call)
  (field_expression field: (field_identifier) @call)])
(struct_expression name: [(type_identifier) @call (scoped_type_identifier name: (type_identifier) @call)])
(use_declaration) @import
(extern_crate_declaration) @import
[(identifier) (type_identifier) (field_identifier) (shorthand_field_identifier)] @use
""",
    expand=used,
)
