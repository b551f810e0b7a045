"""Markdown, HTML and CSS."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar

MARKDOWN = Grammar(
    name="markdown",
    wheel="tree_sitter_markdown",
    comments=(b"<!--",),
    block_comment=(b"", b""),
    query="[(atx_heading) (setext_heading)] @heading",
)
HTML = Grammar(
    name="html",
    wheel="tree_sitter_html",
    extra=True,
    block_comment=(b"<!--", b"-->"),
    query="""
(element . (start_tag (attribute (attribute_name) @_id (quoted_attribute_value (attribute_value) @name)))
  (#set! word "id")) @section
""",
)
CSS = Grammar(
    name="css",
    wheel="tree_sitter_css",
    extra=True,
    query="""
(rule_set (selectors) @name) @rule
(keyframes_statement (keyframes_name) @name) @rule
(import_statement) @import
""",
    imports="(import_statement [(string_value) @module (call_expression (arguments (string_value) @module))])",
)
