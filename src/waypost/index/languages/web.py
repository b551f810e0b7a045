"""JavaScript and TypeScript, with and without JSX."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar, words

_BUILTINS = words(
    "Array Boolean Date Error Function Infinity JSON Map Math NaN Number Object Promise Proxy Reflect "
    "RegExp Set String Symbol TypeError WeakMap WeakSet arguments console document globalThis isNaN "
    "parseFloat parseInt process undefined window setTimeout clearTimeout setInterval clearInterval "
    "require module exports div span p a ul li ol h1 h2 h3 h4 img table tr td th input label button form "
    "section header footer main nav"
)
_BOTH = """
(function_declaration name: (identifier) @name) @function
(generator_function_declaration name: (identifier) @name) @function
(method_definition name: (_) @name) @method
(variable_declarator name: (identifier) @name value: [(arrow_function) (function_expression) (generator_function)])
  @function
(variable_declarator name: (identifier) @name value: (class)) @class
(pair key: (property_identifier) @name value: [(arrow_function) (function_expression)]) @method
(assignment_expression left: (member_expression object: (_) property: (property_identifier) @name)
  right: [(arrow_function) (function_expression)]) @function
(assignment_expression left: (member_expression
  object: (member_expression object: (identifier) @owner property: (property_identifier) @_prototype)
  property: (property_identifier) @name) right: [(arrow_function) (function_expression)]
  (#set! word "prototype")) @method
(assignment_expression left: (identifier) @name right: [(arrow_function) (function_expression)]) @function
(export_statement declaration: (_)) @around
(lexical_declaration) @around
(variable_declaration) @around
(variable_declarator name: (identifier) @bound)
(variable_declarator name: (object_pattern (shorthand_property_identifier_pattern) @bound))
(variable_declarator name: (object_pattern (pair_pattern value: (identifier) @bound)))
(variable_declarator name: (array_pattern (identifier) @bound))
(for_in_statement left: (identifier) @local)
(catch_clause parameter: (identifier) @local)
(arrow_function parameter: (identifier) @local)
(assignment_pattern left: (identifier) @local)
(object_assignment_pattern left: (shorthand_property_identifier_pattern) @local)
(object_pattern (shorthand_property_identifier_pattern) @local)
(object_pattern (pair_pattern value: (identifier) @local))
(array_pattern (identifier) @local)
(rest_pattern (identifier) @local)
(new_expression constructor: (identifier) @call)
(new_expression constructor: (member_expression property: (property_identifier) @call))
(import_statement) @import
(export_statement source: (_)) @import
(variable_declarator value: (call_expression function: (identifier) @_require) (#set! word "require")) @import
(pair key: (property_identifier) @skip)
(pair_pattern key: (property_identifier) @skip)
[(identifier) (property_identifier) (private_property_identifier) (shorthand_property_identifier)] @use
"""
_JSX = """
(jsx_attribute (property_identifier) @skip)
(jsx_closing_element name: (_) @skip)
(jsx_opening_element name: (identifier) @call)
(jsx_self_closing_element name: (identifier) @call)
(jsx_opening_element name: (member_expression property: (property_identifier) @call))
(jsx_self_closing_element name: (member_expression property: (property_identifier) @call))
"""
_IMPORTS = """
(import_statement (import_clause (identifier) @alias) source: (string) @module)
(import_statement (import_clause (namespace_import (identifier) @alias)) source: (string) @module)
(import_statement (import_clause (named_imports (import_specifier name: (_) @name !alias))) source: (string) @module)
(import_statement (import_clause (named_imports (import_specifier name: (_) @name alias: (_) @alias)))
  source: (string) @module)
(import_statement . (string) @module)
(export_statement (export_clause (export_specifier name: (_) @name !alias)) source: (string) @module)
(export_statement (export_clause (export_specifier name: (_) @name alias: (_) @alias)) source: (string) @module)
(export_statement "*" @name source: (string) @module)
(variable_declarator name: (identifier) @alias value: (call_expression arguments: (arguments . (string) @module)))
(variable_declarator name: (object_pattern (shorthand_property_identifier_pattern) @name)
  value: (call_expression arguments: (arguments . (string) @module)))
(variable_declarator name: (object_pattern (pair_pattern key: (_) @name value: (identifier) @alias))
  value: (call_expression arguments: (arguments . (string) @module)))
"""
_TYPES = """
(class_declaration name: (type_identifier) @name) @class
(abstract_class_declaration name: (type_identifier) @name) @class
(interface_declaration name: (type_identifier) @name) @interface
(type_alias_declaration name: (type_identifier) @name) @type
(enum_declaration name: (identifier) @name) @enum
(internal_module name: (_) @name) @module
(module name: (_) @name) @module
(function_signature name: (identifier) @name) @function
(method_signature name: (_) @name) @method
(abstract_method_signature name: (_) @name) @method
(public_field_definition name: (_) @name value: (arrow_function)) @method
(public_field_definition name: (_) @bound.field)
(interface_body (property_signature name: (_) @bound.field))
(property_signature name: (_) @skip)
(enum_body name: (property_identifier) @bound.constant)
(enum_assignment name: (property_identifier) @bound.constant)
(required_parameter (accessibility_modifier) pattern: (identifier) @instance)
(required_parameter pattern: (identifier) @local)
(optional_parameter pattern: (identifier) @local)
(type_parameter name: (type_identifier) @local)
(extends_clause value: [(identifier) @inherit (member_expression property: (property_identifier) @inherit)])
(implements_clause [(type_identifier) @inherit (generic_type name: (type_identifier) @inherit)])
(extends_type_clause type: [(type_identifier) @inherit (generic_type name: (type_identifier) @inherit)])
(call_expression function: (identifier) @call)
(call_expression function: (member_expression property: (_) @call))
(call_expression function: (await_expression (member_expression property: (_) @call)) type_arguments: (_))
(decorator) @around
(type_identifier) @use
"""
_TYPE_IMPORTS = """
(import_statement (import_require_clause (identifier) @alias source: (string) @module))
"""
_SEPARATORS = (b"?.", b"!.", b".")

JAVASCRIPT = Grammar(
    name="javascript",
    wheel="tree_sitter_javascript",
    query=_BOTH
    + _JSX
    + """
(class_declaration name: (identifier) @name) @class
(formal_parameters (identifier) @local)
(class_heritage [(identifier) @inherit (member_expression property: (property_identifier) @inherit)])
(field_definition property: (_) @name value: (arrow_function)) @method
(field_definition property: (_) @bound.field)
(assignment_expression left: (member_expression object: (this) property: (property_identifier) @instance))
""",
    imports=_IMPORTS,
    separators=_SEPARATORS,
    comments=(b"//", b"@"),
    builtins=_BUILTINS,
)
TYPESCRIPT = Grammar(
    name="typescript",
    wheel="tree_sitter_typescript",
    entry="language_typescript",
    query=_BOTH + _TYPES,
    imports=_IMPORTS + _TYPE_IMPORTS,
    separators=_SEPARATORS,
    comments=(b"//", b"@"),
    builtins=_BUILTINS,
)
TSX = Grammar(
    name="tsx",
    wheel="tree_sitter_typescript",
    entry="language_tsx",
    query=_BOTH + _TYPES + _JSX,
    imports=_IMPORTS + _TYPE_IMPORTS,
    separators=_SEPARATORS,
    comments=(b"//", b"@"),
    builtins=_BUILTINS,
)
