"""Java, Kotlin and Scala."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from waypost.index.languages.grammar import Grammar, words

if TYPE_CHECKING:
    from tree_sitter import Node

_IMPORT = re.compile(r"([\w.`$]+?)\.(?:(\{[^}]*\})|([\w`*$]+)(?:\s+as\s+(\w+))?)\s*$")


def taken(tree: Node, text: bytes) -> Iterator[tuple[str, str, str, Node]]:
    """Module, name and alias of each part of an import such as `import a.b.{C, D => E}` or `import a.b.C as D`."""
    if not tree.type.startswith("import"):  # a package's own line
        return
    said = text[tree.start_byte : tree.end_byte][:4000].decode("utf-8", "replace").strip()
    match = _IMPORT.search(said.removeprefix("import").strip())
    if match is None:
        return
    module, several, single, alias = match.groups()
    for part in several[1:-1].split(",") if several else [f"{single} => {alias or ''}"]:
        name, _, other = part.replace(" as ", "=>").partition("=>")
        yield module, "*" if name.strip() in {"_", "*"} else name.strip(), other.strip(), tree


JAVA = Grammar(
    name="java",
    wheel="tree_sitter_java",
    separators=(b"::", b"."),
    builtins=words("String Object Integer Long Boolean Double Override Deprecated var T") - {"T"},
    query="""
(class_declaration name: (identifier) @name) @class
(interface_declaration name: (identifier) @name) @interface
(enum_declaration name: (identifier) @name) @enum
(record_declaration name: (identifier) @name) @class
(annotation_type_declaration name: (identifier) @name) @interface
(annotation_type_element_declaration name: (identifier) @name) @method
(method_declaration name: (identifier) @name) @method
(constructor_declaration name: (identifier) @name) @constructor
(compact_constructor_declaration name: (identifier) @name) @constructor
(field_declaration declarator: (variable_declarator name: (identifier) @bound.field))
(constant_declaration declarator: (variable_declarator name: (identifier) @bound.constant))
(enum_constant name: (identifier) @bound.constant)
(record_declaration parameters: (formal_parameters (formal_parameter name: (identifier) @bound.field)))
(local_variable_declaration declarator: (variable_declarator name: (identifier) @local))
(formal_parameter name: (identifier) @local)
(spread_parameter (variable_declarator name: (identifier) @local))
(catch_formal_parameter name: (identifier) @local)
(enhanced_for_statement name: (identifier) @local)
(resource name: (identifier) @local)
(lambda_expression parameters: (identifier) @local)
(inferred_parameters (identifier) @local)
(instanceof_expression name: (identifier) @local)
(type_pattern (identifier) @local)
(type_parameter (type_identifier) @local)
(superclass (_) @_super)
(superclass [(type_identifier) @inherit (generic_type (type_identifier) @inherit)])
(type_list [(type_identifier) @inherit (generic_type (type_identifier) @inherit)])
(object_creation_expression type: [(type_identifier) @call (generic_type (type_identifier) @call)])
(object_creation_expression type: (scoped_type_identifier (type_identifier) @call .))
(method_reference (identifier) @call .)
(import_declaration) @import
(package_declaration (_) @_package) @import
[(identifier) (type_identifier)] @use
""",
    imports="""
(import_declaration (scoped_identifier scope: (_) @module name: (identifier) @name) .)
(import_declaration (identifier) @module .)
(import_declaration (scoped_identifier) @module (asterisk) @name)
""",
)
KOTLIN = Grammar(
    name="kotlin",
    expand=taken,
    wheel="tree_sitter_kotlin",
    separators=(b"!!.", b"?.", b"::", b"."),
    builtins=words("Any Boolean Double Float Int List Long Map Nothing Set String Unit it listOf mapOf println setOf"),
    query="""
(class_declaration "class" name: (identifier) @name) @class
(class_declaration "interface" name: (identifier) @name) @interface
(class_declaration (modifiers (class_modifier "enum")) name: (identifier) @name) @enum
(object_declaration name: (identifier) @name) @object
(companion_object name: (identifier) @name) @object
(function_declaration name: (identifier) @name) @function
(type_alias type: (identifier) @name) @type
(secondary_constructor "constructor" @name) @constructor
(enum_entry (identifier) @bound.constant)
(property_declaration (variable_declaration (identifier) @bound))
(property_declaration (modifiers (property_modifier "const")) (variable_declaration (identifier) @bound.constant))
(property_declaration (multi_variable_declaration (variable_declaration (identifier) @bound)))
(class_parameter ["val" "var"] (identifier) @bound.field)
(class_parameter . (identifier) @local)
(parameter . (identifier) @local)
(lambda_parameters (variable_declaration (identifier) @local))
(for_statement (variable_declaration (identifier) @local))
(catch_block (identifier) @local)
(type_parameter (identifier) @local)
(delegation_specifier (user_type (identifier) @inherit .))
(delegation_specifier (constructor_invocation (user_type (identifier) @inherit .)))
(value_argument (identifier) @skip "=")
(call_expression . (identifier) @call)
(call_expression . (navigation_expression (identifier) @call .))
(import) @import
(package_header) @import
(identifier) @use
""",
)
SCALA = Grammar(
    name="scala",
    wheel="tree_sitter_scala",
    extra=True,
    expand=taken,
    builtins=words("Any AnyRef Boolean Double Int List Long Map None Nil Option Seq Set Some String Unit"),
    query="""
(class_definition name: (identifier) @name) @class
(trait_definition name: (identifier) @name) @trait
(object_definition name: (identifier) @name) @object
(enum_definition name: (identifier) @name) @enum
(function_definition name: (_) @name) @function
(function_declaration name: (_) @name) @function
(type_definition name: (type_identifier) @name) @type
(given_definition name: (identifier) @name) @constant
(val_definition pattern: (identifier) @bound)
(var_definition pattern: (identifier) @bound)
(val_declaration name: (identifier) @bound)
(var_declaration name: (identifier) @bound)
(simple_enum_case name: (identifier) @bound.constant)
(full_enum_case name: (identifier) @bound.constant)
(class_parameter name: (identifier) @bound.field)
(parameter name: (identifier) @local)
(binding name: (identifier) @local)
(lambda_expression parameters: (identifier) @local)
(enumerator . (identifier) @local)
(typed_pattern pattern: (identifier) @local)
(case_clause pattern: (identifier) @local)
(type_parameters name: (identifier) @local)
(extends_clause [(type_identifier) @inherit])
(extends_clause type: [(type_identifier) @inherit (generic_type type: (type_identifier) @inherit)])
(instance_expression [(type_identifier) @call (generic_type type: (type_identifier) @call)])
(call_expression function: (generic_function function: (identifier) @call))
(import_declaration) @import
(package_clause) @import
[(identifier) (type_identifier)] @use
""",
)
