"""Ruby."""

from __future__ import annotations

from waypost.index.languages.grammar import Grammar, words

RUBY = Grammar(
    name="ruby",
    wheel="tree_sitter_ruby",
    separators=(b"&.", b"::", b"."),
    comments=(b"#",),
    block_comment=(b"=begin", b"=end"),
    own=("self", "@"),
    builtins=words(
        "puts print require require_relative include extend prepend attr_accessor attr_reader attr_writer "
        "raise lambda proc private public protected module_function block_given? loop freeze nil? class new "
        "format p String Array Hash Integer Symbol Struct StandardError ArgumentError"
    ),
    query="""
(module name: (_) @name) @module
(class name: (_) @name) @class
(method name: (_) @name) @function
(singleton_method name: (_) @name) @function
(alias name: (_) @name) @method
(call method: (identifier) @_attribute arguments: (argument_list (simple_symbol) @bound.field)
  (#set! word "attr_accessor attr_reader attr_writer delegate"))
(call method: (identifier) @_alias arguments: (argument_list . (simple_symbol) @bound.method)
  (#set! word "alias_method define_method scope"))
(assignment left: (constant) @bound.constant)
(assignment left: (global_variable) @bound.variable)
(assignment left: (instance_variable) @instance)
(assignment left: (identifier) @local)
(left_assignment_list (identifier) @local)
(operator_assignment left: (identifier) @local)
(method_parameters [(identifier) @local (_ name: (identifier) @local)])
(block_parameters [(identifier) @local (_ name: (identifier) @local)])
(lambda_parameters [(identifier) @local (_ name: (identifier) @local)])
(destructured_parameter (identifier) @local)
(for pattern: (identifier) @local)
(exception_variable (identifier) @local)
(superclass [(constant) @inherit (scope_resolution name: (constant) @inherit)])
(call method: (identifier) @_mix arguments: (argument_list [(constant) @inherit (scope_resolution name: (constant)
  @inherit)]) (#set! word "include extend prepend"))
(call method: [(identifier) (constant)] @call)
(call method: (identifier) @_require arguments: (argument_list . (string))
  (#set! word "require require_relative load autoload")) @import
[(identifier) (constant) (instance_variable) (global_variable)] @use
""",
    imports="(call arguments: (argument_list . (string) @module))",
)
