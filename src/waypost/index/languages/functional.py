"""Elixir and Haskell."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar, words

_DEFINES = '(#set! word "def defp defmacro defmacrop defguard defdelegate")'

ELIXIR = Grammar(
    name="elixir",
    wheel="tree_sitter_elixir",
    extra=True,
    comments=(b"#", b"@doc", b"@spec", b"@impl"),
    block_comment=(b"@doc", b'"""'),
    own=("__MODULE__", "@"),
    builtins=words(
        "def defp defmacro defmodule defstruct defprotocol defimpl do end fn if unless case cond with for use "
        "import alias require raise is_nil not moduledoc doc spec impl type Enum Map List String Kernel"
    ),
    query=f"""
(call target: (identifier) @_word (arguments (alias) @name) (#set! word "defmodule defimpl")) @module
(call target: (identifier) @_word (arguments (alias) @name) (#set! word "defprotocol")) @interface
(call target: (identifier) @_word (arguments [
  (call target: (identifier) @name) (identifier) @name
  (binary_operator left: (call target: (identifier) @name))
  (binary_operator left: (identifier) @name)]) {_DEFINES}) @function
(call target: (identifier) @_word (arguments (list (atom) @bound.field)) (#set! word "defstruct"))
(unary_operator operator: "@" operand: (call target: (identifier) @bound.constant @_name (arguments))
  (#set! not "doc moduledoc spec impl type typep callback behaviour"))
(call target: (identifier) @_word (arguments (call (arguments (identifier) @local))) {_DEFINES})
(call target: (identifier) @_word (arguments (call (arguments (binary_operator left: (identifier) @local)))) {_DEFINES})
(call target: (identifier) @_word (arguments (binary_operator left: (call (arguments (identifier) @local))))
  {_DEFINES})
(call target: (identifier) @_word (arguments (binary_operator left: (call (arguments (binary_operator left:
  (identifier) @local))))) {_DEFINES})
(binary_operator left: (identifier) @local operator: "=")
(stab_clause left: (arguments (identifier) @local))
(call target: (identifier) @call)
(call target: (dot right: (identifier) @call))
(call target: (identifier) @_word (#set! word "import alias require use")) @import
[(identifier) (alias)] @use
""",
    imports="""
(call (arguments (alias) @module))
(call (arguments (dot left: (alias) @module right: (tuple (alias) @name))))
""",
)
HASKELL = Grammar(
    name="haskell",
    wheel="tree_sitter_haskell",
    extra=True,
    comments=(b"--",),
    block_comment=(b"{-", b"-}"),
    own=(),
    parenthesis_calls=False,
    builtins=words(
        "Int Integer String Bool Maybe Just Nothing Either Left Right IO True False a b c e f g h k m n r s t x y z"
    ),
    query="""
(data_type name: (_) @name) @type
(newtype name: (_) @name) @type
(type_synonym name: (_) @name) @type
(class name: (_) @name) @interface
(declarations (function name: (variable) @name) @function)
(class_declarations (signature name: (variable) @name) @function)
(declarations (bind name: (variable) @name) @function)
(data_constructor (_ name: (constructor) @bound.constant))
(newtype_constructor name: (constructor) @bound.constant)
(field_name (variable) @bound.field)
(instance patterns: (type_patterns . (name) @name)) @implementation
(instance_declarations (function name: (variable) @name) @function)
(instance name: (_) @inherit)
(patterns (variable) @local)
(local_binds (function name: (variable) @local))
(local_binds (bind name: (variable) @local))
(apply function: (variable) @call)
(apply function: (constructor) @call)
(signature name: (variable) @skip)
(import) @import
[(variable) (name) (constructor)] @use
""",
    imports="""
(import module: (module) @module !names !alias)
(import module: (module) @module alias: (module) @alias)
(import module: (module) @module names: (import_list name: (import_name [(name) (variable)] @name)))
""",
)
