"""PHP."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar, words

PHP = Grammar(
    name="php",
    wheel="tree_sitter_php",
    entry="language_php",
    path_names=True,
    separators=(b"?->", b"->", b"::$", b"::", b"\\"),
    comments=(b"//", b"#"),
    own=("$this", "self", "static"),
    builtins=words("self static parent this strlen count isset array_map array_filter sprintf define true false null"),
    query="""
(class_declaration name: (name) @name) @class
(interface_declaration name: (name) @name) @interface
(trait_declaration name: (name) @name) @trait
(enum_declaration name: (name) @name) @enum
(function_definition name: (name) @name) @function
(method_declaration name: (name) @name) @method
(namespace_definition name: (_) @name body: (_)) @module
(const_declaration (const_element . (name) @bound.constant))
(enum_case name: (name) @bound.constant)
(property_element name: (variable_name (name) @bound.field))
(property_promotion_parameter name: (variable_name (name) @instance))
(function_call_expression function: (name) @_define arguments: (arguments . (argument (string (string_content)
  @bound.constant))) (#set! word "define"))
(variable_name (name) @skip)
(scoped_property_access_expression name: (variable_name (name) @keep))
(named_label_statement (name) @skip)
(argument name: (name) @skip)
(base_clause [(name) @inherit (qualified_name (name) @inherit)])
(class_interface_clause [(name) @inherit (qualified_name (name) @inherit)])
(use_declaration [(name) @inherit (qualified_name (name) @inherit)])
(object_creation_expression [(name) @call (qualified_name (name) @call .)])
(namespace_use_declaration) @import
(namespace_definition name: (_) @_namespace !body) @import
(name) @use
""",
    imports="""
(namespace_use_declaration (namespace_use_clause . (name) @module alias: (name)? @alias))
(namespace_use_declaration (namespace_use_clause (qualified_name) @module alias: (name)? @alias))
(namespace_use_declaration (namespace_name) @module body: (namespace_use_group
  (namespace_use_clause . [(name) (qualified_name)] @name alias: (name)? @alias)))
(include_expression (string) @module)
""",
)
