"""C#."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar, words

CSHARP = Grammar(
    name="csharp",
    wheel="tree_sitter_c_sharp",
    separators=(b"?.", b"!.", b"::", b"."),
    comments=(b"//", b"["),
    builtins=words("nameof var value String Object Console Task Exception List Dictionary"),
    query="""
(class_declaration name: (identifier) @name) @class
(interface_declaration name: (identifier) @name) @interface
(struct_declaration name: (identifier) @name) @struct
(record_declaration name: (identifier) @name) @class
(enum_declaration name: (identifier) @name) @enum
(delegate_declaration name: (identifier) @name) @type
(namespace_declaration name: (_) @name) @module
(method_declaration name: (identifier) @name) @method
(local_function_statement name: (identifier) @name) @function
(constructor_declaration name: (identifier) @name) @constructor
(destructor_declaration name: (identifier) @name) @method
(property_declaration name: (identifier) @name) @property
(operator_declaration operator: _ @name) @method
(indexer_declaration "this" @name) @property
(event_declaration name: (identifier) @name) @property
(enum_member_declaration name: (identifier) @bound.constant)
(variable_declarator name: (identifier) @bound)
(record_declaration (parameter_list (parameter name: (identifier) @bound.field)))
(parameter name: (identifier) @local)
(parameter_list name: (identifier) @local)
(implicit_parameter) @local
(foreach_statement left: (identifier) @local)
(catch_declaration name: (identifier) @local)
(declaration_pattern name: (identifier) @local)
(declaration_expression name: (identifier) @local)
(type_parameter name: (identifier) @local)
(base_list [(identifier) @inherit (generic_name (identifier) @inherit) (qualified_name name: (identifier) @inherit)
  (primary_constructor_base_type type: (identifier) @inherit)])
(object_creation_expression type: [(identifier) @call (generic_name (identifier) @call)])
(invocation_expression function: (generic_name (identifier) @call))
(invocation_expression function: (member_access_expression name: (generic_name (identifier) @call)))
(argument name: (identifier) @skip)
(using_directive) @import
(file_scoped_namespace_declaration name: (_) @_namespace) @import
(identifier) @use
""",
    imports="""
(using_directive !name [(identifier) (qualified_name)] @module)
(using_directive name: (identifier) @alias [(identifier) (qualified_name)] @module .)
""",
)
