"""C and C++."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar, words

_BOTH = """
(function_definition) @function
(function_declarator declarator: (identifier) @name)
(declaration declarator: (function_declarator)) @prototype
(declaration declarator: (pointer_declarator declarator: (function_declarator))) @prototype
(struct_specifier name: (type_identifier) @name body: (_)) @struct
(union_specifier name: (type_identifier) @name body: (_)) @union
(enum_specifier name: (type_identifier) @name body: (_)) @enum
(type_definition declarator: (type_identifier) @name) @type
(type_definition declarator: (pointer_declarator declarator: (type_identifier) @name)) @type
(type_definition declarator: (array_declarator declarator: (type_identifier) @name)) @type
(type_definition declarator: (function_declarator declarator: (parenthesized_declarator
  (pointer_declarator declarator: (type_identifier) @name)))) @type
(preproc_def name: (identifier) @name) @macro
(preproc_function_def name: (identifier) @name) @macro
(preproc_params (identifier) @local)
(enumerator name: (identifier) @bound.constant)
(field_declaration declarator: (field_identifier) @bound.field)
(field_declaration declarator: (_ declarator: (field_identifier) @bound.field))
(declaration declarator: (identifier) @bound.variable)
(declaration declarator: (pointer_declarator declarator: (identifier) @bound.variable))
(declaration declarator: (array_declarator declarator: (identifier) @bound.variable))
(declaration declarator: (init_declarator declarator: (identifier) @bound.variable))
(init_declarator declarator: (pointer_declarator declarator: (identifier) @bound.variable))
(init_declarator declarator: (pointer_declarator declarator: (pointer_declarator declarator: (identifier)
  @bound.variable)))
(init_declarator declarator: (array_declarator declarator: (identifier) @bound.variable))
(array_declarator declarator: (array_declarator declarator: (identifier) @bound.variable))
(pointer_declarator declarator: (array_declarator declarator: (identifier) @bound.variable))
(parameter_declaration declarator: (identifier) @local)
(parameter_declaration declarator: (_ declarator: (identifier) @local))
(parameter_declaration declarator: (_ declarator: (_ declarator: (identifier) @local)))
(preproc_include) @import
[(identifier) (type_identifier) (field_identifier)] @use
"""
_IMPORTS = "(preproc_include path: (_) @module)"

C = Grammar(
    name="c",
    wheel="tree_sitter_c",
    separators=(b"->", b"."),
    query=_BOTH,
    imports=_IMPORTS,
    builtins=words("NULL size_t uint8_t uint16_t uint32_t uint64_t int8_t int16_t int32_t int64_t bool"),
)
CPP = Grammar(
    name="cpp",
    wheel="tree_sitter_cpp",
    separators=(b"->", b"::", b"."),
    builtins=words(
        "NULL std size_t uint8_t uint16_t uint32_t uint64_t int8_t int16_t int32_t int64_t static_cast "
        "dynamic_cast const_cast reinterpret_cast"
    ),
    query=_BOTH
    + """
(function_declarator declarator: [(field_identifier) (destructor_name) (operator_name)] @name)
(function_declarator declarator: (qualified_identifier scope: [(namespace_identifier) @owner
  (template_type name: (type_identifier) @owner)] name: [(identifier) (destructor_name) (operator_name)] @name))
(function_declarator declarator: (qualified_identifier name: (qualified_identifier scope: [(namespace_identifier)
  @owner (template_type name: (type_identifier) @owner)] name: [(identifier) (destructor_name) (operator_name)] @name)))
(function_declarator declarator: (template_function name: (identifier) @name))
(field_declaration declarator: (function_declarator)) @prototype
(field_declaration declarator: (pointer_declarator declarator: (function_declarator))) @prototype
(field_declaration declarator: (reference_declarator (function_declarator))) @prototype
(declaration declarator: (reference_declarator (function_declarator))) @prototype
(class_specifier name: (type_identifier) @name body: (_)) @class
(class_specifier name: (template_type name: (type_identifier) @name) body: (_)) @class
(struct_specifier name: (template_type name: (type_identifier) @name) body: (_)) @struct
(namespace_definition name: (_) @name) @module
(alias_declaration name: (type_identifier) @name) @type
(concept_definition name: (identifier) @name) @type
(template_declaration) @around
(base_class_clause [(type_identifier) @inherit (template_type name: (type_identifier) @inherit)
  (qualified_identifier name: (type_identifier) @inherit)
  (qualified_identifier name: (template_type name: (type_identifier) @inherit))])
(reference_declarator (identifier) @local)
(optional_parameter_declaration declarator: (identifier) @local)
(optional_parameter_declaration declarator: (_ declarator: (identifier) @local))
(for_range_loop declarator: (identifier) @local)
(structured_binding_declarator (identifier) @local)
(type_parameter_declaration (type_identifier) @local)
(lambda_capture_initializer left: (identifier) @local)
(new_expression type: (type_identifier) @call)
(call_expression function: (template_function name: (identifier) @call))
(call_expression function: (qualified_identifier name: (template_function name: (identifier) @call)))
(call_expression function: (field_expression field: (template_method name: (field_identifier) @call)))
(using_declaration) @import
(namespace_definition name: (_ (namespace_identifier) @skip))
(destructor_name (identifier) @skip)
(namespace_identifier) @use
""",
    imports=_IMPORTS
    + """
(using_declaration (qualified_identifier scope: (_) @module name: (identifier) @name))
(using_declaration (identifier) @module)
""",
)
