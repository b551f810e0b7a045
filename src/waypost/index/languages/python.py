"""Python."""

from __future__ import annotations

import builtins

from waypost.index.languages.grammar import Grammar

PYTHON = Grammar(
    name="python",
    wheel="tree_sitter_python",
    comments=(b"#",),
    block_comment=(b"", b""),
    own=("self", "cls"),
    builtins=frozenset(dir(builtins)) | {"self", "cls", "super", "__file__", "_"},
    query="""
(function_definition name: (identifier) @name) @function
(class_definition name: (identifier) @name) @class
(type_alias_statement left: (type (identifier) @name)) @type
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
(import_statement) @import
(import_from_statement) @import
(future_import_statement) @import
(identifier) @use
""",
    imports="""
(import_statement name: (dotted_name) @module)
(import_statement name: (aliased_import name: (dotted_name) @module alias: (identifier) @alias))
(import_from_statement module_name: (_) @module name: (dotted_name) @name)
(import_from_statement module_name: (_) @module name: (aliased_import name: (dotted_name) @name
  alias: (identifier) @alias))
(import_from_statement module_name: (_) @module (wildcard_import) @name)
""",
)
