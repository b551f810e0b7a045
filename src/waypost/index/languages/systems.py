"""Lua, Swift and Zig."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar, words

LUA = Grammar(
    name="lua",
    wheel="tree_sitter_lua",
    extra=True,
    separators=(b".", b":"),
    comments=(b"--",),
    block_comment=(b"--[[", b"]]"),
    own=("self",),
    builtins=words(
        "self assert error getmetatable setmetatable ipairs next pairs pcall print rawget rawset require "
        "select string table tonumber tostring type unpack math io os coroutine _G"
    ),
    query="""
(function_declaration name: (identifier) @name) @function
(function_declaration name: (dot_index_expression table: (_) @owner field: (identifier) @name)) @function
(function_declaration name: (method_index_expression table: (_) @owner method: (identifier) @name)) @function
(assignment_statement (variable_list . name: (identifier) @name) (expression_list . value: (function_definition)))
  @function
(assignment_statement (variable_list . name: (dot_index_expression table: (_) @owner field: (identifier) @name))
  (expression_list . value: (function_definition))) @function
(variable_declaration (assignment_statement (variable_list name: (identifier) @bound)))
(variable_declaration (variable_list name: (identifier) @bound))
(chunk (assignment_statement (variable_list name: (identifier) @bound)))
(parameters name: (identifier) @local)
(for_generic_clause (variable_list name: (identifier) @local))
(for_numeric_clause name: (identifier) @local)
(field name: (identifier) @skip)
(variable_declaration (assignment_statement (expression_list value: (function_call name: (identifier) @_require)))
  (#set! word "require")) @import
(identifier) @use
""",
    imports="""
(assignment_statement (variable_list name: (identifier) @alias)
  (expression_list (function_call arguments: (arguments (string) @module))))
""",
)
SWIFT = Grammar(
    name="swift",
    wheel="tree_sitter_swift",
    extra=True,
    separators=(b"?.", b"!.", b"."),
    comments=(b"//", b"@"),
    own=("self", "Self"),
    builtins=words("Int String Bool Double Float Array Dictionary Set Any Void Optional print self"),
    query="""
(class_declaration "class" name: (_) @name) @class
(class_declaration "actor" name: (_) @name) @class
(class_declaration "struct" name: (_) @name) @struct
(class_declaration "enum" name: (_) @name) @enum
(class_declaration "extension" name: (_) @name) @implementation
(protocol_declaration name: (_) @name) @interface
(function_declaration name: (simple_identifier) @name) @function
(protocol_function_declaration name: (simple_identifier) @name) @method
(init_declaration "init" @name) @constructor
(typealias_declaration . name: (type_identifier) @name) @type
(enum_entry name: (simple_identifier) @bound.constant)
(property_declaration name: (pattern bound_identifier: (simple_identifier) @bound))
(protocol_property_declaration name: (pattern bound_identifier: (simple_identifier) @bound.field))
(parameter name: (simple_identifier) @local)
(parameter external_name: (simple_identifier) @skip)
(lambda_parameter name: (simple_identifier) @local)
(for_statement item: (pattern bound_identifier: (simple_identifier) @local))
(guard_statement bound_identifier: (simple_identifier) @local)
(if_statement bound_identifier: (simple_identifier) @local)
(type_parameter . (type_identifier) @local)
(inheritance_specifier inherits_from: (user_type (type_identifier) @inherit))
(value_argument_label (simple_identifier) @skip)
(import_declaration) @import
[(simple_identifier) (type_identifier)] @use
""",
    imports="(import_declaration (identifier) @module)",
)
ZIG = Grammar(
    name="zig",
    wheel="tree_sitter_zig",
    extra=True,
    block_comment=(b"", b""),
    own=("self",),
    builtins=frozenset({"self", "_", "void", "bool"}),
    query="""
(function_declaration name: (identifier) @name) @function
(variable_declaration . (identifier) @name (struct_declaration)) @struct
(variable_declaration . (identifier) @name (enum_declaration)) @enum
(variable_declaration . (identifier) @name (union_declaration)) @union
(test_declaration (string) @name) @test
(variable_declaration . (identifier) @bound)
(container_field name: (identifier) @bound.field)
(parameter name: (identifier) @local)
(payload (identifier) @local)
(variable_declaration (builtin_function (builtin_identifier) @_import) (#set! word "@import")) @import
(identifier) @use
""",
    imports="(variable_declaration . (identifier) @alias (builtin_function (arguments (string) @module)))",
)
