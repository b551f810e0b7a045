"""YAML, TOML and JSON: their top keys."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar

YAML = Grammar(
    name="yaml",
    wheel="tree_sitter_yaml",
    comments=(b"#",),
    block_comment=(b"", b""),
    query="""
(document (block_node (block_mapping (block_mapping_pair key: (flow_node) @name) @key)))
(document (flow_node (flow_mapping (flow_pair key: (flow_node) @name) @key)))
""",
)
TOML = Grammar(
    name="toml",
    wheel="tree_sitter_toml",
    comments=(b"#",),
    block_comment=(b"", b""),
    query="""
(document (pair . (_) @name) @key)
(table . (_) @name) @key
(table_array_element . (_) @name) @key
""",
)
JSON = Grammar(
    name="json",
    wheel="tree_sitter_json",
    query="(document (object (pair key: (string) @name) @key))",
)
