"""The assertions of a Python test that can fail, how much each tells, and why the others can't fail."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from waypost.gates.measure import EXACT, LOOSE, PARTIAL, Check
from waypost.gates.names import FUNCTIONS, Function, constants, dotted, folded, is_constant, is_surrounding, last, walk

WIDE = frozenset({"Exception", "BaseException", "AssertionError", "Failed", "object"})
_ENDS = frozenset(
    {"skip", "xfail", "skipTest", "exit", "_exit", "SkipTest", "importorskip", "abort", "quit", "fail_silently"}
)
_FAILS = frozenset({"fail", "assert_never", "unreachable"})
_RAISES = frozenset(
    {"raises", "assertRaises", "assertRaisesRegex", "warns", "assertWarns", "deprecated_call", "RaisesGroup"}
)
_LOOSE_CALLS = frozenset({"isinstance", "callable", "hasattr", "bool", "issubclass", "any", "assertTrue", "assertFalse",
                          "assertIsNotNone", "assertIsInstance", "assert_called", "ok_"})  # fmt: skip
_PARTIAL_CALLS = frozenset({
    "assertIn", "assertNotIn", "assertGreater", "assertLess", "assertGreaterEqual", "assertLessEqual",
    "assertNotEqual", "assertIsNot", "assertRegex", "assertNotRegex", "assert_any_call",
})  # fmt: skip
_HELPER = re.compile(r"^_?(?:assert|check|expect|verify|ensure|should)(?:[_A-Z]|$)")
_GIANT = 1e-2


@dataclass(slots=True)
class Reading:
    """One pass over a test: `helpers` are functions of the same file, followed one level deep."""

    helpers: Mapping[str, Function]
    names: Mapping[str, ast.expr]
    checks: list[Check] = field(default_factory=list)
    dead: list[tuple[int, str]] = field(default_factory=list)
    nodes: list[ast.AST] = field(default_factory=list)
    followed: list[Function] = field(default_factory=list)
    follows: bool = True

    def block(self, statements: Sequence[ast.stmt], cap: int = EXACT) -> bool:
        """Reads statements in order; False where what follows them is never reached."""
        for position, statement in enumerate(statements):
            if self._ends(statement):
                if any(asserts(rest) for rest in statements[position + 1 :]):
                    self.dead.append((statement.lineno, "ends before its assertions"))
                return False
            if not self._statement(statement, cap):
                return False
        return True

    def _statement(self, statement: ast.stmt, cap: int) -> bool:
        if isinstance(statement, ast.Assert):
            self._assert(statement, cap)
        elif isinstance(statement, ast.If):
            return self._branch(statement, cap)
        elif isinstance(statement, ast.Try) or type(statement).__name__ == "TryStar":
            self._attempt(statement, cap)
        elif isinstance(statement, ast.With | ast.AsyncWith):
            self._with(statement, cap)
        elif isinstance(statement, ast.For | ast.AsyncFor):
            self._loop(statement, cap)
        elif isinstance(statement, ast.While):
            self._unless_false(statement.test, statement.body, cap)
        elif isinstance(statement, ast.Match):
            for case in statement.cases:
                self.block(case.body, min(cap, PARTIAL))
        elif isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return):
            self._call(statement, cap)
        return True

    def _assert(self, statement: ast.Assert, cap: int) -> None:
        test = statement.test
        helper = self.helpers.get(last(test)) if isinstance(test, ast.Call) and self.follows else None
        ends = helper.body[-1] if helper else None
        if helper and isinstance(ends, ast.Return) and isinstance(ends.value, ast.BoolOp | ast.Compare | ast.Constant):
            # A claim that a helper computes is as strong as the expression that it returns.
            self.followed.append(helper)
            self._add(assertion(ends.value, self.names, statement.lineno), cap, test, ends.value)
        else:
            self._add(assertion(test, self.names, statement.lineno), cap, test)

    def _branch(self, statement: ast.If, cap: int) -> bool:
        if _only_fails(statement.body) and not statement.orelse and not is_constant(statement.test, self.names):
            self._add([Check(statement.lineno, PARTIAL, ast.dump(statement.test))], cap, statement.test)
            return True
        if is_constant(statement.test, self.names) or is_surrounding(statement.test):
            held = [rest for rest in (*statement.body, *statement.orelse) if asserts(rest)]
            if held:
                self.dead.append((statement.lineno, f"asserts only if {ast.unparse(statement.test)[:60]}"))
            return not (statement.body and self._ends(statement.body[-1]))
        self.block(statement.body, min(cap, PARTIAL))
        self.block(statement.orelse, min(cap, PARTIAL))
        return True

    def _attempt(self, statement: ast.stmt, cap: int) -> None:
        assert isinstance(statement, ast.Try) or type(statement).__name__ == "TryStar"
        handlers, body = statement.handlers, statement.body  # type: ignore[attr-defined]
        swallows = any(_swallows(handler) for handler in handlers)
        final: list[ast.stmt] = statement.finalbody  # type: ignore[attr-defined]
        if any(isinstance(inner, ast.Return) for rest in final for inner in walk(rest)):
            swallows = True
        if swallows:
            if any(asserts(rest) for rest in body):
                self.dead.append((statement.lineno, "its failures are swallowed by try/except"))
        else:
            self.block(body, cap)
        for handler in handlers:
            self.block(handler.body, min(cap, PARTIAL))
        self.block(statement.orelse, cap)  # type: ignore[attr-defined]
        self.block(final, cap)

    def _with(self, statement: ast.With | ast.AsyncWith, cap: int) -> None:
        swallows = False
        for item in statement.items:
            call = item.context_expr
            word = last(call)
            arguments = call.args if isinstance(call, ast.Call) else []
            if word == "suppress" and any(last(one) in WIDE for one in arguments):
                swallows = True
            elif word in _RAISES and isinstance(call, ast.Call):
                swallows = swallows or any(last(one) in WIDE for one in _alternatives(arguments[:1]))
                self._add([_raising(call, statement.lineno)], cap, call, *statement.body)
        if not swallows:
            self.block(statement.body, cap)
        elif any(asserts(rest) for rest in statement.body):
            self.dead.append((statement.lineno, "its failures are swallowed by a with statement"))

    def _loop(self, statement: ast.For | ast.AsyncFor, cap: int) -> None:
        iterated = statement.iter
        if isinstance(iterated, ast.Name) and iterated.id in self.names:
            iterated = self.names[iterated.id]
        is_empty = isinstance(iterated, ast.List | ast.Tuple | ast.Set) and not iterated.elts
        is_none = isinstance(iterated, ast.Call) and last(iterated) == "range" and _zero(iterated)
        if is_empty or is_none or (isinstance(iterated, ast.Constant) and not iterated.value):
            self.dead.append((statement.lineno, "loops over nothing"))
            return
        self.nodes.append(statement.iter)
        self.block(statement.body, cap)

    def _unless_false(self, test: ast.expr, body: Sequence[ast.stmt], cap: int) -> None:
        if isinstance(test, ast.Constant) and not test.value:
            self.dead.append((test.lineno, "loops over nothing"))
        else:
            self.block(body, cap)

    def _call(self, statement: ast.stmt, cap: int) -> None:
        for call in (node for node in walk(statement) if isinstance(node, ast.Call)):
            word = last(call)
            if helper := self.helpers.get(word) if self.follows else None:
                inner = Reading(self.helpers, {**self.names, **constants(helper.body)}, follows=False)
                inner.block(helper.body, cap)
                self.followed.append(helper)
                self.checks += [replace(check, line=call.lineno) for check in inner.checks]
                self.dead += [(call.lineno, reason) for _, reason in inner.dead]
                self.nodes += [*inner.nodes, *call.args]
            elif isinstance(statement, ast.Expr) and (_HELPER.match(word) or word in _RAISES | _FAILS):
                self._add([_called(call, self.names)], cap, *call.args)

    def _add(self, checks: Iterable[Check], cap: int, *nodes: ast.AST) -> None:
        for check in checks:
            if check.strength:
                self.checks.append(replace(check, strength=min(check.strength, cap)))
            else:
                self.dead.append((check.line, f"asserts nothing ({check.subject[:60]})"))
        self.nodes += nodes

    def _ends(self, statement: ast.stmt) -> bool:
        if isinstance(statement, ast.Return | ast.Continue | ast.Break):
            value = statement.value if isinstance(statement, ast.Return) else None
            return not (value is not None and any(isinstance(node, ast.Call) for node in walk(value)))
        if isinstance(statement, ast.Raise):
            return last(statement.exc) not in {"AssertionError", "Failed"}
        return (
            isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) and last(statement.value) in _ENDS
        )


def assertion(test: ast.expr, names: Mapping[str, ast.expr], line: int) -> list[Check]:
    """The checks in an asserted expression; one of strength 0 can't fail."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return [check for part in test.values for check in assertion(part, names, line)]
    if isinstance(test, ast.NamedExpr):
        return assertion(test.value, names, line)
    if is_constant(test, names) or (isinstance(test, ast.Tuple) and test.elts):
        return [Check(line, 0, ast.unparse(test))]
    if isinstance(test, ast.Compare):
        return _compared(test, names, line)
    if isinstance(test, ast.BoolOp | ast.IfExp):
        parts = test.values if isinstance(test, ast.BoolOp) else [test.body, test.orelse]
        strengths = [min(check.strength for check in assertion(part, names, line)) for part in parts]
        return [Check(line, min(PARTIAL, *strengths), ast.unparse(test), accepts=len(parts))]
    if isinstance(test, ast.Call):
        loose = last(test) in _LOOSE_CALLS
        return [Check(line, LOOSE if loose else PARTIAL, ast.unparse(test))]
    strength = PARTIAL if isinstance(test, ast.UnaryOp) else LOOSE
    return [Check(line, strength, ast.unparse(test))]


def _compared(test: ast.Compare, names: Mapping[str, ast.expr], line: int) -> list[Check]:
    left, right, operator = test.left, test.comparators[0], test.ops[0]
    if isinstance(right, ast.Name) and not is_constant(left, names):
        right = names.get(right.id, right)
    if len(test.ops) > 1:
        return [Check(line, EXACT if isinstance(operator, ast.Eq) else PARTIAL, ast.unparse(test))]
    if ast.dump(left) == ast.dump(right):
        return [Check(line, 0, ast.unparse(test))]
    if isinstance(left, ast.Tuple) and isinstance(right, ast.Tuple) and len(left.elts) == len(right.elts):
        pairs = zip(left.elts, right.elts, strict=True)
        return [check for one, other in pairs for check in _compared(ast.Compare(one, test.ops, [other]), names, line)]
    if is_constant(left, names) and not is_constant(right, names) and isinstance(operator, ast.Eq):
        left, right = right, left
    accepts = (
        len(right.elts) if isinstance(right, ast.Tuple | ast.List | ast.Set) and isinstance(operator, ast.In) else 1
    )
    return [Check(line, _telling(operator, right), ast.unparse(left), ast.unparse(right), accepts)]


def _telling(operator: ast.cmpop, right: ast.expr) -> int:
    is_none = isinstance(right, ast.Constant) and right.value is None
    if isinstance(operator, ast.IsNot | ast.NotEq) and is_none:
        return LOOSE
    if not isinstance(operator, ast.Eq | ast.Is):
        return PARTIAL
    if any(last(node) in {"ANY", "Any", "anything"} for node in walk(right)):
        return LOOSE
    if isinstance(right, ast.Constant) and right.value is True:
        return LOOSE if isinstance(operator, ast.Eq) else EXACT
    if isinstance(right, ast.Call) and last(right) == "approx":
        return LOOSE if _giant(right) else EXACT
    return EXACT


def _giant(call: ast.Call) -> bool:
    values = [keyword.value for keyword in call.keywords if keyword.arg in {"abs", "rel"}] + call.args[1:]
    return any(not isinstance(one, ast.Constant) or float(str(one.value)) > _GIANT for one in values if _is_number(one))


def _is_number(node: ast.expr) -> bool:
    return not isinstance(node, ast.Constant) or isinstance(node.value, int | float)


def _raising(call: ast.Call, line: int) -> Check:
    kinds = _alternatives(call.args[:1])
    is_wide = any(last(kind) in WIDE - {"AssertionError"} for kind in kinds)
    matched = next((keyword.value for keyword in call.keywords if keyword.arg == "match"), None)
    matched = matched or (call.args[1] if last(call).endswith("Regex") and len(call.args) > 1 else None)
    text = folded(matched) if matched is not None else None
    narrow = matched is not None and (text is None or text.strip(".*^$ ") != "")
    strength = (PARTIAL if narrow else LOOSE) if is_wide else (EXACT if narrow else PARTIAL)
    return Check(line, strength, last(call), accepts=max(1, len(kinds)))


def _alternatives(arguments: Sequence[ast.expr]) -> list[ast.expr]:
    return [one for argument in arguments for one in (argument.elts if isinstance(argument, ast.Tuple) else [argument])]


def _called(call: ast.Call, names: Mapping[str, ast.expr]) -> Check:
    word, sides = last(call), [*call.args[:2]]
    if word in _RAISES:
        return _raising(call, call.lineno)
    texts = [ast.unparse(side) for side in sides]
    if word == "assertTrue" and sides:
        return assertion(sides[0], names, call.lineno)[0]
    if (
        sides
        and ((len(sides) == 2 and texts[0] == texts[1]) or all(is_constant(side, names) for side in sides))
        and word.startswith("assert")
        and "." not in dotted(call).removeprefix("self.")
    ):
        return Check(call.lineno, 0, ast.unparse(call))
    strength = LOOSE if word in _LOOSE_CALLS else PARTIAL if word in _PARTIAL_CALLS else EXACT
    if word in {"assertAlmostEqual", "assert_allclose"} and any(
        key.arg in {"places", "delta", "atol", "rtol"} and _is_loose(key) for key in call.keywords
    ):
        strength = LOOSE
    return Check(call.lineno, strength, texts[0] if texts else dotted(call), texts[1] if len(texts) > 1 else "")


def _is_loose(keyword: ast.keyword) -> bool:
    value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
    if not isinstance(value, int | float):
        return False
    return value < 3 if keyword.arg == "places" else value > _GIANT


def asserts(statement: ast.AST) -> bool:
    """Whether a statement holds an assertion of any kind."""
    for node in walk(statement):
        if isinstance(node, ast.Assert) or (
            isinstance(node, ast.Call) and (_HELPER.match(last(node)) or last(node) in _RAISES | _FAILS)
        ):
            return True
    return False


def _only_fails(body: Sequence[ast.stmt]) -> bool:
    ends = body[-1]
    raised = isinstance(ends, ast.Raise) and last(ends.exc) in {"AssertionError", "Failed"}
    return raised or (isinstance(ends, ast.Expr) and isinstance(ends.value, ast.Call) and last(ends.value) in _FAILS)


def _swallows(handler: ast.ExceptHandler) -> bool:
    caught = _alternatives([handler.type]) if handler.type else []
    if caught and not any(last(kind) in WIDE for kind in caught):
        return False
    return not any(isinstance(inner, ast.Raise) or asserts(inner) for rest in handler.body for inner in walk(rest))


def _zero(call: ast.Call) -> bool:
    return len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


def nested(body: Sequence[ast.stmt]) -> Iterator[Function]:
    """The functions that are defined directly in a body."""
    return (statement for statement in body if isinstance(statement, FUNCTIONS))
