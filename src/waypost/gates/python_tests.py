"""Python's tests by name, each with what it demands."""

from __future__ import annotations

import ast
import builtins
import math
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from waypost.gates.measure import Suite, Test
from waypost.gates.names import FUNCTIONS, Function, bound, constants, dotted, folded, is_constant, last, walk
from waypost.gates.python_checks import Reading, nested

LEFT_OUT = (
    "skip",
    "skipif",
    "skipIf",
    "skipUnless",
    "xfail",
    "expectedFailure",
    "importorskip",
    "skipTest",
    "SkipTest",
)
_PATCHES = frozenset({"patch", "setattr", "setitem", "object", "dict", "delattr", "patch_object", "spy"})
_LIBRARIES = sys.stdlib_module_names | {
    "pytest", "hypothesis", "mock", "freezegun", "time_machine", "responses", "respx", "parameterized", "ddt", "django",
    "numpy", "pandas", "trio", "anyio", "flaky", "pytestmark", "staticmethod", "classmethod", "property", "attr",
    "attrs",
}  # fmt: skip
_NEVER_BOUND = frozenset(name for name, value in vars(builtins).items() if isinstance(value, type)) - {"property"} | {
    "len", "isinstance", "issubclass", "all", "any", "sorted", "repr", "sum", "min", "max", "abs", "round", "hasattr",
    "getattr", "callable", "iter", "next", "eval", "exec", "pytest", "unittest", "raises", "approx",
}  # fmt: skip
_PATCHERS = ("patch", "monkeypatch", "mock", "mocker")


@dataclass(slots=True)
class _File:
    """The module-level names that tests rest on."""

    functions: Mapping[str, Function]
    constants: Mapping[str, ast.expr]
    values: Mapping[str, ast.expr]
    imports: Mapping[str, str]


def unchanged(old: ast.Module, was: str, new: ast.Module, now: str) -> frozenset[str]:
    """The test functions and classes with the same text in two versions of a module, whose rest is the same too."""
    before, rest = _pieces(old, was)
    after, new_rest = _pieces(new, now)
    if rest != new_rest:
        return frozenset()
    return frozenset(name for name, text in before.items() if after.get(name) == text)


def _pieces(module: ast.Module, text: str) -> tuple[dict[str, str], list[str]]:
    """The text of each test by its name, and of all else; what has a name twice counts as all else."""
    lines = text.split("\n")
    found: dict[str, str] = {}
    rest: list[str] = []
    for statement in module.body:
        decorators = statement.decorator_list if isinstance(statement, (*FUNCTIONS, ast.ClassDef)) else []
        first = min((one.lineno for one in decorators), default=statement.lineno)
        piece = "\n".join(lines[first - 1 : statement.end_lineno])
        name = statement.name if isinstance(statement, (*FUNCTIONS, ast.ClassDef)) else ""
        if name.lower().startswith("test") and name not in found:
            found[name] = piece
        else:
            rest.append(piece)
    return found, rest


def suite(module: ast.Module, leave_out: frozenset[str] = frozenset()) -> Suite:
    """The tests of a module that would be collected; a later definition of a name replaces the earlier.

    `leave_out` are functions and classes that need not be measured.
    """
    body = list(_reached(module.body))
    functions = {one.name: one for one in nested(body)}
    classes = [one for one in body if isinstance(one, ast.ClassDef)]
    methods = {one.name: one for owner in classes for one in nested(owner.body) if not one.name.startswith("test")}
    file = _File({**methods, **functions}, constants(body), dict(bound(body)), imports(module))
    found: dict[str, Test] = {}
    for statement in body:
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)) and statement.name in leave_out:
            continue
        if isinstance(statement, ast.ClassDef):
            found.update(_class(statement, "", (), file))
        elif isinstance(statement, FUNCTIONS) and statement.name.startswith("test"):
            found[statement.name] = _test(statement, statement.name, (), file)
        else:
            for name in _unbound(statement):
                found.pop(name, None)
    return Suite(found, tuple(_hidden(module, body)))


def imports(module: ast.Module) -> dict[str, str]:
    """The imported names of a module, each with the dotted name that it stands for."""
    found: dict[str, str] = {}
    for node in walk(module):
        if isinstance(node, ast.Import):
            found.update(
                {
                    (one.asname or one.name.split(".")[0]): (one.name if one.asname else one.name.split(".")[0])
                    for one in node.names
                }
            )
        elif isinstance(node, ast.ImportFrom):
            found.update(
                {(one.asname or one.name): f"{node.module or ''}.{one.name}".lstrip(".") for one in node.names}
            )
    return found


def patched(nodes: Iterable[ast.AST], known: Mapping[str, str]) -> Iterator[str]:
    """The dotted names of foreign things that code replaces: by a mock, setattr, an assignment, `sys.modules`."""
    for top in nodes:
        for node in walk(top):
            yield from replaced(node, known)


def replaced(node: ast.AST, known: Mapping[str, str]) -> Iterator[str]:
    """The dotted names of foreign things that one node, and none below it, replaces."""
    if isinstance(node, ast.Call):
        if node.args and last(node) in _PATCHES:
            yield from _target(node, known)
    elif isinstance(node, ast.Assign | ast.AugAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield from _assigned(target, known)


def _target(call: ast.Call, known: Mapping[str, str]) -> Iterator[str]:
    function = dotted(call)
    if last(call) != "setattr" and not any(word in function.split(".") for word in _PATCHERS):
        return
    first = call.args[0]
    text = folded(first)
    if text and "." in text:
        yield text
    elif not text and dotted(first).split(".")[0] in known and len(call.args) > 1:
        name = folded(call.args[1])
        yield f"{_full(dotted(first), known)}.{name or '*'}"


def _assigned(target: ast.expr, known: Mapping[str, str]) -> Iterator[str]:
    if (
        isinstance(target, ast.Attribute)
        and dotted(target).split(".")[0] in known
        and isinstance(target.value, ast.Name | ast.Attribute)
    ):
        yield _full(dotted(target), known)
    elif isinstance(target, ast.Subscript) and _full(dotted(target.value), known) in {
        "sys.modules",
        "builtins.__dict__",
    }:
        yield f"{_full(dotted(target.value), known)}.{folded(target.slice) or '*'}"


def _full(name: str, known: Mapping[str, str]) -> str:
    head, dot, rest = name.partition(".")
    return known.get(head, head) + dot + rest


def _class(owner: ast.ClassDef, above: str, decorators: Sequence[ast.expr], file: _File) -> dict[str, Test]:
    bases = [last(base) for base in owner.bases]
    is_collected = owner.name.startswith("Test") or any("Test" in base for base in bases)
    hides = any(
        name == "__test__" and isinstance(value, ast.Constant) and not value.value for name, value in bound(owner.body)
    )
    if not is_collected or hides:
        return {}
    name = f"{above}{owner.name}::"
    marks = [value for key, value in bound(owner.body) if key == "pytestmark"]
    outer = (*decorators, *owner.decorator_list, *marks)
    found: dict[str, Test] = {}
    for statement in _reached(owner.body):
        if isinstance(statement, FUNCTIONS) and statement.name.startswith("test"):
            found[name + statement.name] = _test(statement, name + statement.name, outer, file)
        elif isinstance(statement, ast.ClassDef):
            found.update(_class(statement, name, outer, file))
        else:
            for gone in _unbound(statement):
                found.pop(name + gone, None)
    return found


def _test(function: Function, name: str, outer: Sequence[ast.expr], file: _File) -> Test:
    local = {**file.constants, **constants(function.body)}
    reading = Reading({**file.functions, **{one.name: one for one in nested(function.body)}}, local)
    reading.block(function.body)
    decorators = [*outer, *function.decorator_list]
    cases = [one for one in decorators if last(one) in {"parametrize", "example", "data"}]
    local_values = {name: value for one in (*reading.followed, function) for name, value in _local(one)}
    literals = frozenset(_literals(reading.nodes, {**file.values, **local_values}, cases))
    arguments = function.args
    parameters = {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)} - {"self", "cls"}
    calls = sum(isinstance(node, ast.Call) for statement in function.body for node in walk(statement))
    return Test(
        name,
        function.lineno,
        tuple(reading.checks),
        tuple(reading.dead),
        tuple(_marks(decorators, function, file)),
        literals,
        frozenset(patched([*function.body, *function.decorator_list], file.imports)),
        sum(_cases(case, file) for case in cases),
        math.prod(max(1, _cases(case, file)) for case in cases if last(case) == "parametrize"),
        calls,
        frozenset(parameters),
        frozenset(_overwritten(function, parameters)),
        frozenset(_foreign(decorators, file)),
    )


def _overwritten(function: Function, parameters: Collection[str]) -> Iterator[str]:
    """The parameters that a test gives a value to which has nothing to do with the one that they had."""
    for node in walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.For) else []
        value = node.value if isinstance(node, ast.Assign) else node.iter if isinstance(node, ast.For) else None
        for target in (inner for one in targets for inner in walk(one)):
            if not isinstance(target, ast.Name) or target.id not in parameters or value is None:
                continue
            if not any(isinstance(inner, ast.Name) and inner.id == target.id for inner in walk(value)):
                yield target.id


def _foreign(decorators: Sequence[ast.expr], file: _File) -> Iterator[str]:
    """Decorators that come neither from the runner nor from a known library for tests, as dotted names."""
    for decorator in decorators:
        name = _full(dotted(decorator), file.imports)
        if name and name.split(".")[0] not in _LIBRARIES:
            yield name


def _local(function: Function) -> Iterator[tuple[str, ast.expr]]:
    for statement in walk(function):
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            yield from bound([statement])


def _literals(nodes: Iterable[ast.AST], values: Mapping[str, ast.expr], cases: Sequence[ast.expr]) -> Iterator[str]:
    """The literals that assertions rest on, through the names that they use."""
    waiting = [*nodes, *(argument for case in cases if isinstance(case, ast.Call) for argument in case.args[1:])]
    seen: set[str] = set()
    while waiting:
        for node in walk(waiting.pop()):
            if isinstance(node, ast.Constant) and is_telling(node.value):
                yield repr(node.value)
            elif isinstance(node, ast.Name) and node.id in values and node.id not in seen:
                seen.add(node.id)
                waiting.append(values[node.id])


def is_telling(value: object) -> bool:
    """Whether a literal could not stand anywhere: not a truth value, nothing, an ellipsis, 0 or 1."""
    return not isinstance(value, bool) and value not in {None, ..., 0, 1, "", b""}


def _marks(decorators: Sequence[ast.expr], function: Function, file: _File) -> Iterator[str]:
    for decorator in decorators:
        yield from _mark(decorator, file)
    for node in walk(function):
        if (isinstance(node, ast.Call) and last(node) in LEFT_OUT) or (
            isinstance(node, ast.Raise) and last(node.exc) in LEFT_OUT
        ):
            yield ast.unparse(node)[:60]


def _mark(decorator: ast.expr, file: _File) -> Iterator[str]:
    name = dotted(decorator)
    meant = file.values.get(name.split(".")[0])
    if any(word in LEFT_OUT for word in name.split(".")):
        yield ast.unparse(decorator)[:60]
    elif meant is not None and any(last(node) in LEFT_OUT for node in walk(meant)):
        yield f"{name} = {ast.unparse(meant)[:50]}"
    elif isinstance(decorator, ast.List | ast.Tuple):
        for one in decorator.elts:
            yield from _mark(one, file)
    elif last(decorator) == "parametrize":
        yield from (
            ast.unparse(node)[:60] for node in walk(decorator) if isinstance(node, ast.Call) and last(node) in LEFT_OUT
        )
    elif name.split(".")[0] in file.functions and "fixture" not in name:
        yield f"decorator {name}"


def _cases(decorator: ast.expr, file: _File) -> int:
    if last(decorator) == "example" or not isinstance(decorator, ast.Call) or len(decorator.args) < 2:
        return 1
    values: ast.expr | None = decorator.args[1]
    if isinstance(values, ast.Name):
        values = file.values.get(values.id)
    if isinstance(values, ast.List | ast.Tuple | ast.Set):
        return len(values.elts)
    return len(values.keys) if isinstance(values, ast.Dict) else 0


def _unbound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement gives something else to, or takes away."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign | ast.Delete):
        targets = statement.targets
    yield from (target.id for target in targets if isinstance(target, ast.Name))
    yield from (target.attr for target in targets if isinstance(target, ast.Attribute))


def _reached(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module or class that are carried out, those under conditions too; none after `raise`."""
    for statement in body:
        if isinstance(statement, ast.If):
            constant = is_constant(statement.test, {})
            truth = isinstance(statement.test, ast.Constant) and bool(statement.test.value)
            yield from _reached(statement.body if not constant or truth else statement.orelse)
        elif isinstance(statement, ast.Try):
            yield from _reached([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Raise):
            return
        else:
            yield statement


def _hidden(module: ast.Module, body: Sequence[ast.stmt]) -> Iterator[str]:
    for name, value in bound(list(body)):
        if name == "pytestmark" and any(last(node) in LEFT_OUT for node in walk(value)):
            yield f"pytestmark = {ast.unparse(value)[:60]}"
        elif name == "__test__" and isinstance(value, ast.Constant) and not value.value:
            yield "__test__ = False"
        elif name in {"collect_ignore", "collect_ignore_glob"}:
            yield f"{name} = {ast.unparse(value)[:60]}"
    for name, line in _defined(module.body):
        if name in _NEVER_BOUND:
            yield f"line {line} gives {name} another meaning"
    for statement in module.body:
        yield from _outside(statement)


def _defined(statements: Sequence[ast.stmt]) -> Iterator[tuple[str, int]]:
    yield from ((name, value.lineno) for name, value in bound(list(statements)))
    for statement in statements:
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            yield statement.name, statement.lineno


def _outside(statement: ast.stmt) -> Iterator[str]:
    """What leaves tests out though it stands in none of them: at the top, in a set-up, a fixture or a helper."""
    if isinstance(statement, ast.ClassDef):
        for inner in statement.body:
            yield from _outside(inner)
        return
    if isinstance(statement, FUNCTIONS) and statement.name.startswith("test"):
        return
    if isinstance(statement, FUNCTIONS) and statement.name in {"load_tests", "pytest_generate_tests"}:
        yield f"{statement.name} chooses tests"
    name = f"{statement.name}: " if isinstance(statement, FUNCTIONS) else ""
    for node in walk(statement):
        is_call = isinstance(node, ast.Call) and last(node) in {*LEFT_OUT, "_exit"} - {
            "skipif",
            "skipIf",
            "skipUnless",
            "expectedFailure",
        }
        if is_call or (isinstance(node, ast.Raise) and last(node.exc) in LEFT_OUT):
            if not dotted(node if is_call else None).startswith("pytest.mark"):
                yield f"{name}{ast.unparse(node)[:60]}"
        elif (
            isinstance(node, ast.Call)
            and last(node) in {"pop", "clear", "update"}
            and dotted(node).startswith(("globals", "locals"))
        ):
            yield f"{name}{ast.unparse(node)[:60]}"


def autouse(module: ast.Module) -> Iterator[ast.stmt]:
    """What of a test module or conftest acts on tests unasked: its top level, and the fixtures that are used by all."""
    for statement in module.body:
        if isinstance(statement, FUNCTIONS):
            if any("autouse" in ast.unparse(one) for one in statement.decorator_list) or statement.name.startswith(
                ("pytest_", "setup", "setUp")
            ):
                yield statement
        elif isinstance(statement, ast.ClassDef):
            yield from autouse(ast.Module(statement.body, []))
        else:
            yield statement


def renamed(test: Test, name: str) -> Test:
    """The same test under another name."""
    return replace(test, name=name)
