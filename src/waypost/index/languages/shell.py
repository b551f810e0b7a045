"""Bash and its kin."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar, words

BASH = Grammar(
    name="bash",
    wheel="tree_sitter_bash",
    separators=(),
    comments=(b"#",),
    block_comment=(b"", b""),
    parenthesis_calls=False,
    builtins=words(
        "alias awk basename break cat cd chmod command continue cp cut declare dirname echo eval exec exit "
        "export false find grep head kill let local ls mkdir mktemp mv popd printf pushd pwd read readonly "
        "return rm sed set shift shopt sleep sort source tail tar tee test touch tr trap true type typeset "
        "umask uniq unset wait xargs . : [ HOME PATH PWD IFS USER TMPDIR OPTARG BASH_SOURCE 0 1 2 3 4 5 6 7 8 "
        "9"
    ),
    query="""
(function_definition name: (word) @name) @function
(variable_assignment name: (variable_name) @bound)
(declaration_command (variable_name) @bound)
(for_statement variable: (variable_name) @local)
(command name: (command_name (word) @call))
(command name: (command_name (word) @_source) (#set! word "source .")) @import
(command name: (command_name (word) @use))
(variable_name) @use
""",
    imports="(command argument: (_) @module)",
)
