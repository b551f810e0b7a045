"""Go."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar, words

GO = Grammar(
    name="go",
    wheel="tree_sitter_go",
    builtins=words(
        "any append bool byte cap clear close comparable complex complex64 complex128 copy delete error "
        "float32 float64 imag int int8 int16 int32 int64 len make max min new panic print println real "
        "recover rune string uint uint8 uint16 uint32 uint64 uintptr _"
    ),
    query="""
(function_declaration name: (identifier) @name) @function
(method_declaration receiver: (parameter_list (parameter_declaration type: [
  (type_identifier) @owner
  (pointer_type (type_identifier) @owner)
  (generic_type type: (type_identifier) @owner)
  (pointer_type (generic_type type: (type_identifier) @owner))])) name: (field_identifier) @name) @method
(type_spec name: (type_identifier) @name type: (struct_type)) @struct
(type_spec name: (type_identifier) @name type: (interface_type)) @interface
(type_spec name: (type_identifier) @name) @type
(type_alias name: (type_identifier) @name) @type
(method_elem name: (field_identifier) @name) @method
(type_declaration . (type_spec)) @around
(const_spec name: (identifier) @bound.constant)
(var_spec name: (identifier) @bound.variable)
(field_declaration name: (field_identifier) @bound.field)
(field_declaration !name type: [(type_identifier) @inherit (pointer_type (type_identifier) @inherit)
  (qualified_type name: (type_identifier) @inherit)])
(interface_type (type_elem [(type_identifier) @inherit (qualified_type name: (type_identifier) @inherit)]))
(short_var_declaration left: (expression_list (identifier) @local))
(range_clause left: (expression_list (identifier) @local))
(parameter_declaration name: (identifier) @local)
(variadic_parameter_declaration name: (identifier) @local)
(type_parameter_declaration name: (identifier) @local)
(type_switch_statement alias: (expression_list (identifier) @local))
(call_expression function: (type_instantiation_expression type: (_) @_type))
(composite_literal type: (type_identifier) @call)
(composite_literal type: (qualified_type name: (type_identifier) @call))
(label_name) @skip
(import_declaration) @import
[(identifier) (type_identifier) (field_identifier)] @use
""",
    imports="""
(import_spec !name path: (_) @module)
(import_spec name: (_) @alias path: (_) @module)
""",
)
