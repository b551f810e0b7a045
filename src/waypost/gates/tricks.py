"""What Python code does that an honest program has no reason for while it is tested: line, and a description."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence

from waypost.gates.names import FUNCTIONS, constants, dotted, folded, last, walk
from waypost.gates.python_tests import imports, replaced

RUNNER = re.compile(
    r"pytest|py\.test|unittest|nose2?\b|hypothesis|PYTEST_\w+|_pytest|\bjunit|^tox$|^TOX_|under_test|in_test|\bis_test",
    re.IGNORECASE,
)
_TEST_FILE = re.compile(
    r"(?:^|/)tests?(?:/|$)|(?:^|/)(?:test_[\w*]*|conftest|[\w*]+_test)\.py|conftest|(?:junit|report"
    r"|results?)[\w*\-]*\.xml"
    r"|sitecustomize|usercustomize|\.pth$|pytest\.ini|\.coverage\b|_pytest",
    re.IGNORECASE,
)
_SURROUNDING = frozenset(
    {"environ", "getenv", "modules", "argv", "environb", "orig_argv", "find_spec", "get", "getmodule"}
)
_ASKS = frozenset({"environ", "getenv", "modules", "argv", "environb", "orig_argv", "find_spec", "cmdline"})
_FILE_CALLS = frozenset({
    "open", "Path", "PurePath", "read_text", "write_text", "read_bytes", "write_bytes", "glob", "rglob", "iglob",
    "listdir", "scandir", "walk", "join", "joinpath", "getlines", "getline", "import_module", "__import__",
    "spec_from_file_location", "run_path", "run_module", "SourceFileLoader", "rename", "replace", "copy", "copyfile",
    "move", "symlink", "unlink", "remove", "chmod",
})  # fmt: skip
_FRAMES = frozenset(
    {"_getframe", "_current_frames", "stack", "currentframe", "extract_stack", "format_stack", "walk_stack"}
)
_CALLER = frozenset({"f_back", "co_filename", "co_name", "f_locals", "f_globals", "function", "filename", "f_code"})
_WATCHES = {
    "sys.settrace", "sys.setprofile", "threading.settrace", "threading.setprofile", "gc.get_objects",
    "gc.get_referrers", "sys.addaudithook",
}  # fmt: skip
_POKES = {"ctypes.pythonapi", "ctypes.py_object", "ctypes.memmove", "ctypes.memset", "ctypes.string_at"}
_ALLOWED_PATCHES = re.compile(
    r"^(?:sys\.(?:std\w+|argv|path|excepthook|displayhook|dont_write_bytecode|tracebacklimit|ps1|ps2)"
    r"|logging\.|warnings\.|signal\.)"
)
_PATCHED_ROOTS = sys.stdlib_module_names | {"pytest", "_pytest", "builtins", "pluggy", "hypothesis", "numpy"}
_COMPARISONS = {"__eq__": True, "__ne__": False, "__lt__": True, "__gt__": True, "__le__": True, "__ge__": True,
                "__instancecheck__": True, "__subclasscheck__": True, "__contains__": True}  # fmt: skip
_DECODERS = frozenset(
    {"b64decode", "b32decode", "b85decode", "fromhex", "unhexlify", "decompress", "decode", "loads", "chr", "join"}
)


TRIGGERS = re.compile(
    r"_exit|abort|kill|raise_signal|Process|atexit|exec|eval|settrace|setprofile|get_objects|get_referrers|addaudithook"
    r"|ctypes|meta_path|path_hooks|__class__|__code__|__bases__|__(?:eq|ne|lt|gt|le|ge|contains|instancecheck"
    r"|subclasscheck)__|environ|getenv|modules|argv|find_spec|cmdline|pytest|unittest|nose|conftest|test|_getframe"
    r"|_frames|stack|currentframe|exit|quit|SystemExit|patch|[sg]etattr|setitem|delattr|__dict__|\.xml|customize|\.pth"
    r"|\.ini|coverage|(?m:^[ \t]*(?!self\b)\w+(?:\.\w+)+[ \t]*[-+|]?=(?!=))|=[ \t]*\w+\.\w+[ \t]*=(?!=)"
    r"|[\"'][ \t]*\+|\+[ \t]*[fr]?[\"']|[\"'][ \t]+[fr]?[\"']|\w\{\w+\}|\{\w+\}(?:\w|\{)",
    re.IGNORECASE,
)
"""Words without one of which a module has no trick: most modules are not parsed for them. Pieced texts count too."""
TOLD = "ends the process as failed"
"""The beginning of what is told and not refused."""
LOOKS = "looks for files of tests"
_SUCCESS = re.compile(r"ok|success|zero|pass|none|fine|green|done|so\b", re.IGNORECASE)
_TELLING = (
    ast.Call, ast.Attribute, ast.Assign, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Compare, ast.Subscript,
    ast.GeneratorExp, ast.ListComp,
)  # fmt: skip


def tricks(module: ast.Module, is_test: bool) -> Iterator[tuple[int, str]]:
    """All tricks in a module; tests may look at themselves and import their runner, source may not."""
    known, names, nodes = imports(module), constants(module.body), walk(module)
    asking = any(_is_asking(node, known) for node in nodes)
    given = _given(nodes)
    for node in nodes:
        if not isinstance(node, _TELLING):
            continue
        yield from _endings(node, known)
        yield from _pokes(node, known)
        if isinstance(node, ast.ClassDef) and not is_test:
            yield from _equal_to_all(node)
        if not is_test:
            yield from _asks(node, names, known, asking, given)
    yield from _stops_import(module)
    if is_test:
        return
    for name, line in _patches(nodes, known):
        yield line, f"replaces {name}"
    looking = any(isinstance(node, ast.Call) and last(node) in _FRAMES for node in nodes)
    for function in (node for node in nodes if looking and isinstance(node, FUNCTIONS)):
        yield from _looks_at_callers(function, known)


def _full(node: ast.AST, known: Mapping[str, str]) -> str:
    name = dotted(node)
    if isinstance(node, ast.Call) and name == "getattr" and len(node.args) > 1 and (text := folded(node.args[1])):
        name = f"{dotted(node.args[0])}.{text}"
    head, dot, rest = name.partition(".")
    return known.get(head, head) + dot + rest


def _endings(node: ast.AST, known: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    if not isinstance(node, ast.Call):
        return
    name = _full(node, known)
    if name in {"os._exit", "os.abort", "posix._exit"}:
        word = TOLD if is_failure(node) else "ends the process at once"
        yield node.lineno, f"{word} ({name})"
    elif name in {"os.kill", "os.killpg", "signal.raise_signal", "psutil.Process"}:
        targets = [
            _full(inner, known) for argument in node.args for inner in walk(argument) if isinstance(inner, ast.Call)
        ]
        if (
            any(target in {"os.getppid", "os.getpid", "os.getpgrp", "os.getpgid"} for target in targets)
            and name != "psutil.Process"
        ) or "os.getppid" in targets:
            yield node.lineno, f"acts on its own or its parent's process ({ast.unparse(node)[:60]})"
    elif name == "atexit.register":
        yield node.lineno, "does something at the interpreter's end (atexit)"
    elif (
        name in {"exec", "eval"}
        and node.args
        and any(last(inner) in _DECODERS for inner in walk(node.args[0]) if isinstance(inner, ast.Call))
    ):
        yield node.lineno, f"runs code that it hides ({ast.unparse(node)[:60]})"


def is_failure(call: ast.Call) -> bool:
    """Whether an exit code says that something is wrong: not 0, or a constant whose name promises no success."""
    code = call.args[0] if call.args else None
    if isinstance(code, ast.Constant):
        return isinstance(code.value, int) and code.value % 256 != 0
    return isinstance(code, ast.Attribute) and not _SUCCESS.search(code.attr)


def _pokes(node: ast.AST, known: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Call | ast.Attribute):
        name = _full(node, known)
        if name in _WATCHES and isinstance(node, ast.Call):
            yield node.lineno, f"watches or searches the interpreter ({name})"
        elif name in _POKES and isinstance(node, ast.Attribute):
            yield node.lineno, f"writes into the interpreter ({name})"
        elif re.match(r"^sys\.(?:meta_path|path_hooks)\.(?:insert|append|clear|remove|pop)$", name) and isinstance(
            node, ast.Call
        ):
            yield node.lineno, f"changes how modules are found ({name})"
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Attribute) and target.attr in {"__class__", "__code__", "__eq__", "__bases__"}:
                yield node.lineno, f"exchanges {ast.unparse(target)[:60]}"


def _asks(
    node: ast.AST, names: Mapping[str, ast.expr], known: Mapping[str, str], asking: bool, given: frozenset[str]
) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        modules = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        for module in modules:
            if module.split(".")[0] in {"pytest", "_pytest", "unittest", "nose", "conftest", "tests"}:
                yield node.lineno, f"imports {module}"
    elif isinstance(node, ast.Compare | ast.Call | ast.Subscript | ast.GeneratorExp | ast.ListComp):
        if not asking or not any(_is_asking(inner, known) for inner in walk(node)):
            yield from _files(node, names, given)
            return
        for inner in walk(node):
            text = folded(inner, names)
            if text and RUNNER.search(text):
                yield (
                    inner.lineno if hasattr(inner, "lineno") else 0,
                    f"asks whether it is being tested ({text[:40]!r})",
                )


def _is_asking(node: ast.AST, known: Mapping[str, str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in _ASKS
    return isinstance(node, ast.Name) and known.get(node.id, "") in {
        "os.environ",
        "os.getenv",
        "sys.modules",
        "sys.argv",
    }


def _files(node: ast.AST, names: Mapping[str, ast.expr], given: frozenset[str]) -> Iterator[tuple[int, str]]:
    if not isinstance(node, ast.Call) or last(node) not in _FILE_CALLS:
        return
    if last(node) in {"join", "replace", "remove", "copy"} and dotted(node).split(".")[0] not in {
        "os",
        "shutil",
        "path",
    }:
        return
    for argument in [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]:
        text = folded(argument, names)
        if text and len(text) < 200 and not text.startswith("*.") and _TEST_FILE.search(text):
            word = LOOKS if _is_given(node, text, given) else "reaches for the tests' files"
            yield node.lineno, f"{word} ({last(node)} of {text[:50]!r})"


def _is_given(call: ast.Call, text: str, given: frozenset[str]) -> bool:
    """Whether a pattern is looked for in a folder that a caller names: other people's tests, not the program's own."""
    if last(call) not in {"glob", "rglob"} or "*" not in text or not isinstance(call.func, ast.Attribute):
        return False
    return any(isinstance(inner, ast.Name) and inner.id in given for inner in walk(call.func.value))


def _given(nodes: Sequence[ast.AST]) -> frozenset[str]:
    """The parameters of a module's functions that have no default."""
    functions = [node.args for node in nodes if isinstance(node, FUNCTIONS)]
    named = [
        (*one.posonlyargs, *one.args)[: len(one.posonlyargs) + len(one.args) - len(one.defaults)] for one in functions
    ]
    return frozenset(argument.arg for one in named for argument in one)


def _equal_to_all(owner: ast.ClassDef) -> Iterator[tuple[int, str]]:
    for statement in owner.body:
        if isinstance(statement, FUNCTIONS) and statement.name in _COMPARISONS:
            returned = [inner.value for inner in walk(statement) if isinstance(inner, ast.Return)]
            if returned and all(_is_always(value, _COMPARISONS[statement.name]) for value in returned):
                yield statement.lineno, f"{owner.name}.{statement.name} has the same answer for everything"
        if isinstance(statement, FUNCTIONS) and statement.name == "__class__":
            yield statement.lineno, f"{owner.name} pretends to be of another class"
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id in {*_COMPARISONS, "__class__"} for target in statement.targets
        ):
            value = statement.value
            if not isinstance(value, ast.Lambda) or _is_always(value.body, True):
                is_harmless = isinstance(value, ast.Constant) and value.value is None
                if isinstance(value, ast.Lambda) or (
                    not is_harmless and any(last(t) == "__class__" for t in statement.targets)
                ):
                    yield statement.lineno, f"{owner.name} has the same answer for everything"


def _is_always(value: ast.expr | None, answer: bool) -> bool:
    if isinstance(value, ast.Constant):
        return bool(value.value) is answer and isinstance(value.value, bool | int)
    if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or):
        return any(_is_always(part, True) for part in value.values) and answer
    if isinstance(value, ast.BoolOp):
        return any(_is_always(part, False) for part in value.values) and not answer
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not):
        return _is_always(value.operand, not answer)
    return False


def _stops_import(module: ast.Module) -> Iterator[tuple[int, str]]:
    for statement in module.body:
        value = (
            statement.value
            if isinstance(statement, ast.Expr)
            else statement.exc
            if isinstance(statement, ast.Raise)
            else None
        )
        if isinstance(value, ast.Call) and last(value) in {"exit", "quit", "SystemExit"} and _is_success(value.args):
            yield statement.lineno, "ends the process with success when it is imported"


def _is_success(arguments: list[ast.expr]) -> bool:
    return not arguments or (isinstance(arguments[0], ast.Constant) and not arguments[0].value)


def _patches(nodes: Sequence[ast.AST], known: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Call):
            for name in replaced(node, known):
                root = name.split(".")[0]
                if root in _PATCHED_ROOTS and not is_harmless(name) and _is_graver(name):
                    yield name, node.lineno


def is_harmless(name: str) -> bool:
    """Whether replacing a thing of the standard library is what programs do."""
    return bool(_ALLOWED_PATCHES.match(name))


def _is_graver(name: str) -> bool:
    """Of `sys.modules` only another's module counts: a module may replace itself."""
    if not name.startswith("sys.modules."):
        return True
    return name.removeprefix("sys.modules.").split(".")[0] in _PATCHED_ROOTS


def _looks_at_callers(
    function: ast.FunctionDef | ast.AsyncFunctionDef, known: Mapping[str, str]
) -> Iterator[tuple[int, str]]:
    frames = [
        node
        for node in walk(function)
        if isinstance(node, ast.Call)
        and last(node) in _FRAMES
        and _full(node, known).split(".")[0] in {"sys", "inspect", "traceback"}
    ]
    looks = any(isinstance(node, ast.Attribute) and node.attr in _CALLER for node in walk(function))
    texts = [node.value for node in walk(function) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    if frames and (looks or any("test" in text.lower() for text in texts)):
        about = any("test" in text.lower() for text in texts)
        yield frames[0].lineno, "looks at who called it" + (", for tests" if about else "")
