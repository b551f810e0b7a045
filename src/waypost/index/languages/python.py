"""Python."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterator
from typing import TYPE_CHECKING

from waypost.index.languages.grammar import Grammar

if TYPE_CHECKING:
    from tree_sitter import Node

_MODULE = {"import_from_statement": "module_name", "import_statement": ""}


def imported(statement: Node, text: bytes) -> Iterator[tuple[str, str, str, Node]]:
    """Module, name and alias of each import in a statement."""
    field = _MODULE.get(statement.type)
    if field is None:  # `from __future__`
        return
    whole = statement.child_by_field_name(field) if field else None
    module = _said(whole, text)
    for child in statement.named_children:
        kind = child.type
        if child == whole or kind not in {"dotted_name", "aliased_import", "wildcard_import"}:
            continue
        named, alias = child, ""
        if kind == "aliased_import":
            named = child.child_by_field_name("name") or child
            alias = _said(child.child_by_field_name("alias"), text)
        name = _said(named, text)
        yield (module, name, alias, named) if whole is not None else (name, "", alias, named)


def _said(node: Node | None, text: bytes) -> str:
    return "" if node is None else "".join(text[node.start_byte : node.end_byte].decode("utf-8", "replace").split())


PYTHON = Grammar(
    name="python",
    wheel="tree_sitter_python",
    comments=(b"#",),
    block_comment=(b"", b""),
    own=("self", "cls"),
    spelled=True,
    builtins=frozenset([*dir(builtins), *keyword.kwlist, *keyword.softkwlist, "self", "cls", "__file__"]),
    query="""
(function_definition name: (identifier) @name) @function
(class_definition name: (identifier) @name) @class
(type_alias_statement left: (type [(identifier) @name (generic_type (identifier) @name)])) @type
(class_definition type_parameters: (type_parameter (type (identifier) @local)))
(function_definition type_parameters: (type_parameter (type (identifier) @local)))
(type_alias_statement left: (type (generic_type (type_parameter (type (identifier) @local)))))
(decorated_definition) @around
(class_definition superclasses: (argument_list [
  (identifier) @inherit
  (attribute attribute: (identifier) @inherit)
  (subscript value: (identifier) @inherit)
  (subscript value: (attribute attribute: (identifier) @inherit))]))
(assignment left: (identifier) @bound)
(assignment left: (pattern_list (identifier) @bound))
(assignment left: (tuple_pattern (identifier) @bound))
(assignment left: (attribute object: (identifier) attribute: (identifier) @instance))
(assignment left: (pattern_list (attribute object: (identifier) attribute: (identifier) @instance)))
(named_expression name: (identifier) @local)
(for_statement left: [(identifier) @local (pattern_list (identifier) @local) (tuple_pattern (identifier) @local)])
(for_in_clause left: [(identifier) @local (pattern_list (identifier) @local) (tuple_pattern (identifier) @local)])
(parameters [(identifier) @local (list_splat_pattern (identifier) @local)
  (dictionary_splat_pattern (identifier) @local)])
(lambda_parameters [(identifier) @local (list_splat_pattern (identifier) @local)
  (dictionary_splat_pattern (identifier) @local)])
(typed_parameter [(identifier) @local (list_splat_pattern (identifier) @local)
  (dictionary_splat_pattern (identifier) @local)])
(default_parameter name: (identifier) @local)
(typed_default_parameter name: (identifier) @local)
(as_pattern_target (identifier) @local)
(global_statement (identifier) @outer)
(nonlocal_statement (identifier) @outer)
(keyword_argument name: (identifier) @skip)
(type (string (string_content) @quoted))
(import_statement) @import
(import_from_statement) @import
(future_import_statement) @import
[(comment) (string_content) (type_conversion) (format_specifier)] @text
""",
    expand=imported,
)
