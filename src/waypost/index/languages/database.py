"""SQL."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar, words

SQL = Grammar(
    name="sql",
    wheel="tree_sitter_sql",
    comments=(b"--", b"#"),
    parenthesis_calls=False,
    builtins=words("sum count max min avg coalesce now lower upper round cast SUM COUNT MAX MIN AVG COALESCE"),
    query="""
(create_table (object_reference name: (identifier) @name)) @table
(create_view (object_reference name: (identifier) @name)) @view
(create_materialized_view (object_reference name: (identifier) @name)) @view
(create_function (object_reference name: (identifier) @name)) @function
(create_procedure (object_reference name: (identifier) @name)) @procedure
(create_index column: (identifier) @name) @index
(create_type (object_reference name: (identifier) @name)) @type
(create_trigger (keyword_trigger) . (object_reference name: (identifier) @name)) @trigger
(create_schema (identifier) @name) @module
(create_sequence (object_reference name: (identifier) @name)) @variable
(column_definitions (column_definition name: (identifier) @bound.field))
(add_column (column_definition name: (identifier) @bound.field))
(cte (identifier) @local)
(relation alias: (identifier) @local)
(function_argument . (identifier) @local)
(invocation (object_reference name: (identifier) @call))
(object_reference name: (identifier) @use)
(field name: (identifier) @use)
(field column: (identifier) @use)
(column (identifier) @use)
(column_definition (object_reference) (identifier) @use)
""",
)
