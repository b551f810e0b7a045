"""PYTEST_DONT_REWRITE. Tells the runtime, line by line through a pipe, what pytest collects, runs and reports.

It stands alone in a folder of its own, under a name of its own for each run, and is read by the project's
interpreter: standard library and pytest (6 or later) only. It is loaded before anything of the checkout, so what it
remembers at that moment are the originals. Without its pipe (an xdist worker, a pytest started by a test) it tells
nothing; a worker hands what it saw to the process that leads it.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import sys
import sysconfig
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_LONGEST = 4000
_OF_PYTEST = """
runner reports python assertion assertion.rewrite assertion.util main terminal outcomes raises python_api skipping
unittest junitxml nodes subtests _code.code
"""
_OF_PLUGGY = "_callers _hooks _manager _result callers hooks manager"
_INTERNALS = ("pytest", "unittest.case", *("_pytest." + name for name in _OF_PYTEST.split()))
_INTERNALS += tuple("pluggy." + name for name in _OF_PLUGGY.split())
_MACHINE = ("builtins", "time", "datetime", "random", "operator", "math", "os", "sys")
_OF_OS = {"_exit", "abort", "kill", "fork", "waitpid", "write", "close", "getpid"}
_OF_SYS = {"exit", "settrace", "setprofile", "exc_info", "gettrace", "_getframe"}


class _Original:
    """One thing that a cheat may replace: where it hangs, and what hung there at first."""

    __slots__ = ("code", "function", "label", "name", "space", "value")

    def __init__(self, label: str, holder: Any, name: str, value: Any) -> None:
        self.label, self.space, self.name, self.value = label, vars(holder), name, value
        self.function = _plain(value)
        self.code = getattr(self.function, "__code__", None)

    def replaced_by(self) -> Any:
        """What hangs there now, if it is something else; else None."""
        now = self.space.get(self.name, "removed")
        if now is not self.value:
            return now
        # Asked after each test, of some 1,500 things: so this is as short as it can be.
        is_changed = self.code is not None and self.function.__code__ is not self.code
        return now if is_changed else None


def _plain(value: Any) -> Any:
    return getattr(value, "__func__", None) or getattr(value, "fget", None) or value


def _originals(names: tuple[str, ...]) -> list[_Original]:
    found: list[_Original] = []
    for module_name in names:
        try:
            module = importlib.import_module(module_name)
        except ImportError:  # another version of the runner keeps it elsewhere
            continue
        wanted = {"os": _OF_OS, "sys": _OF_SYS}.get(module_name)
        for name, value in list(vars(module).items()):
            if not callable(value) or (wanted is not None and name not in wanted):
                continue
            found.append(_Original(module_name + "." + name, module, name, value))
            if isinstance(value, type) and value.__module__ == module_name and module_name in _INTERNALS:
                found.extend(_methods(module_name + "." + name, value))
    return found


def _methods(label: str, owner: type) -> Iterator[_Original]:
    for name, value in list(vars(owner).items()):
        if isinstance(value, (types.FunctionType, staticmethod, classmethod, property)):
            yield _Original(label + "." + name, owner, name, value)


class _Origins:
    """Tells code of the checkout from code of the interpreter and of what is installed beside it."""

    def __init__(self) -> None:
        paths = sysconfig.get_paths()
        places = {paths.get(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        places |= {str(Path(os.__file__).parent), str(Path(pytest.__file__).parent.parent)}
        self._known = tuple({str(Path(place).resolve()) + os.sep for place in places if place})
        self._foreign: dict[str, bool] = {__file__: False}

    def is_foreign(self, file: str) -> bool:
        """Whether code was not installed with the interpreter: it is the checkout's, or made up on the way."""
        if file not in self._foreign:
            known = file.startswith("<frozen ") or str(Path(file).resolve()).startswith(self._known)
            self._foreign[file] = not known
        return self._foreign[file]

    def of(self, value: Any) -> str:
        """The file that a function's code names; empty for what has no code."""
        code = getattr(_plain(value), "__code__", None)
        return str(code.co_filename) if code is not None else ""


class _Voice:
    """The pipe's writing end. Each line carries the ticket that was read, once, from the other pipe."""

    def __init__(self, ticket: str, descriptor: int) -> None:
        self._ticket, self._descriptor = ticket, descriptor
        self._write, self._getpid, self._dumps = os.write, os.getpid, json.dumps
        self._process = os.getpid()

    def say(self, event: str, **fields: Any) -> None:
        """Writes one line; a forked child of this process has no voice."""
        if self._getpid() != self._process:
            return
        line = self._dumps(dict(fields, ticket=self._ticket, event=event)).encode("ascii") + b"\n"
        while line:
            line = line[self._write(self._descriptor, line) :]


def _voice() -> _Voice | None:
    """The voice that the environment offers, taken out of it so that nothing started later finds it."""
    given = os.environ.pop("WAYPOST_WITNESS", "")
    for name in ("PYTHONPATH", "PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        _restore(name)
    if not given:
        return None
    tickets, descriptor, inode = (int(part) for part in given.split(":"))
    try:
        if os.fstat(descriptor).st_ino != inode:
            return None
        os.set_inheritable(descriptor, False)
        ticket = os.read(tickets, 33).decode("ascii").strip()
        os.close(tickets)
    except OSError:  # a program between closed it: this run is not witnessed, which the runtime notices
        return None
    return _Voice(ticket, descriptor) if ticket else None


def _restore(name: str) -> None:
    """Takes this plugin out of a variable, for what the tests start."""
    own = str(Path(__file__).parent)
    value = os.environ.get(name)
    if value is None:
        return
    if name == "PYTHONPATH":
        value = os.pathsep.join(part for part in value.split(os.pathsep) if part != own)
    elif name == "PYTEST_PLUGINS":
        value = ",".join(part for part in value.split(",") if part != __name__)
    else:
        value = value.replace("-p " + __name__, "").strip()
    if value:
        os.environ[name] = value
    else:
        del os.environ[name]


class _Watch:
    """The hooks. It is the first plugin of all, so that its wrappers see what the others make of a result."""

    def __init__(self, voice: _Voice | None) -> None:
        self._voice = voice
        self._originals = _originals(_INTERNALS + _MACHINE)
        self._internals = [one for one in self._originals if not one.label.startswith(_MACHINE)]
        self._origins = _Origins()
        self._patched: dict[str, None] = {}
        self._hooks: dict[str, None] = {}
        self._truth: dict[tuple[str, str], str] = {}
        self._only: frozenset[str] | None = _only()
        self._config: Any = None
        self._told: dict[str, list[str]] = {}
        early = sorted(name for name, module in list(sys.modules.items()) if self._is_early(name, module))
        self._say("hello", process=os.getpid(), arguments=sys.argv[1:], early=early, optimize=sys.flags.optimize)

    def _is_early(self, name: str, module: Any) -> bool:
        file = getattr(module, "__file__", None)
        return name != "__main__" and isinstance(file, str) and self._origins.is_foreign(file)

    def _say(self, event: str, **fields: Any) -> None:
        if self._voice is not None:
            self._voice.say(event, **fields)

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: Any) -> None:
        """Tells how this run chooses its tests."""
        self._config = config
        option = config.option
        names = ("keyword", "markexpr", "deselect", "ignore", "ignore_glob", "collectonly", "maxfail", "lf", "runxfail")
        chosen = {name: getattr(option, name, None) for name in names}
        self._say(
            "session",
            root=str(config.rootpath if hasattr(config, "rootpath") else config.rootdir),
            folder=str(config.invocation_params.dir),
            versions={"python": sys.version.split()[0], "pytest": pytest.__version__},
            options={name: value for name, value in chosen.items() if value},
            report=str(getattr(option, "xmlpath", None) or ""),
            python_functions=list(config.getini("python_functions")),
            python_classes=list(config.getini("python_classes")),
        )

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self) -> None:
        """Has the workers load this plugin; they read no PYTEST_ADDOPTS."""
        names = [*os.environ.get("PYTEST_PLUGINS", "").split(","), __name__]
        os.environ["PYTEST_PLUGINS"] = ",".join(name for name in names if name)

    @pytest.hookimpl(tryfirst=True, hookwrapper=True)
    def pytest_collection_modifyitems(self, items: list[Any]) -> Iterator[None]:
        """Tells all tests before anybody leaves one out, and those that stay."""
        only = self._only
        collected = [item.nodeid for item in items]
        yield
        items[:] = [item for item in items if only is None or item.nodeid in only]
        selected = [item.nodeid for item in items]
        self._told = {"collected": collected, "selected": selected}
        self._say("collected", ids=collected)
        self._say("selected", ids=selected)
        self._look(self._originals)

    def pytest_collectreport(self, report: Any) -> None:
        """Tells of a file that can't be collected."""
        if report.failed:
            self._say("report", id=report.nodeid, when="collect", outcome="failed", **_why(report))

    @pytest.hookimpl(tryfirst=True, hookwrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Iterator[None]:
        """Remembers whether the test raised, whatever a report says later."""
        raised = call.excinfo
        yield
        truth = "passed" if raised is None else "raised"
        if raised is not None and raised.typename in {"Skipped", "SkipTest", "XFailed"}:
            truth = "skipped"
        self._truth[item.nodeid, call.when] = truth

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: Any) -> None:
        """Tells of one phase of one test; passed phases around the call are not worth a line."""
        raised = self._truth.pop((report.nodeid, report.when), "") == "raised"
        greened = raised and report.passed and not hasattr(report, "wasxfail")
        # A worker's reports come to the process that leads it with all their attributes.
        report.waypost_greened = greened = greened or getattr(report, "waypost_greened", False)
        if report.when != "call" and report.passed and not greened:
            return
        self._look(self._internals)
        self._say(
            "report",
            id=report.nodeid,
            when=report.when,
            outcome=str(report.outcome),
            xfail=hasattr(report, "wasxfail"),
            greened=greened,
            part=type(report).__name__.lower().startswith("subtest"),
            **_why(report),
        )

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """The tests that a worker found."""
        self._say("selected", ids=list(ids))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What a worker saw."""
        seen = getattr(node, "workeroutput", {}).get("waypost")
        if seen:
            self._patched.update(dict.fromkeys(seen["patched"]))
            self._hooks.update(dict.fromkeys(seen["hooks"]))
            self._say("collected", ids=seen["collected"])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: Any) -> None:
        """Looks for what was replaced, before anybody cleans up."""
        self._look(self._originals)
        self._list_hooks(session.config)
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            self._try_out()
            seen = {"patched": list(self._patched), "hooks": list(self._hooks)}
            output["waypost"] = dict(seen, collected=self._told.get("collected", []))
        self._say("sessionfinish", status=int(session.exitstatus))
        self._session = session

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """The last word: how the session ended, and what was found to be replaced."""
        if self._voice is None:
            return
        self._look(self._originals)
        self._try_out()
        session = getattr(self, "_session", None)
        status = None if session is None else int(session.exitstatus)
        self._say("finish", status=status, patched=list(self._patched), hooks=list(self._hooks))

    def _look(self, originals: list[_Original]) -> None:
        for original in originals:
            now = original.replaced_by()
            if now is not None:
                self._blame(original, now)

    def _blame(self, original: _Original, now: Any) -> None:
        """An installed library that puts its own `sleep` in place of `sleep` (gevent) is not blamed."""
        file = self._origins.of(now)
        is_library = bool(file) and not self._origins.is_foreign(file) and getattr(now, "__name__", "") == original.name
        if not is_library:
            self._patched[original.label + (" by " + _short(file) if file else "")] = None

    def _list_hooks(self, config: Any) -> None:
        manager = config.pluginmanager
        for name in dir(manager.hook):
            caller = getattr(manager.hook, name)
            for implementation in caller.get_hookimpls() if hasattr(caller, "get_hookimpls") else ():
                file = self._origins.of(implementation.function)
                if implementation.plugin is not self and (not file or self._origins.is_foreign(file)):
                    self._hooks[_short(file) + ": " + name] = None
        tracer = sys.gettrace() or sys.getprofile()
        file = self._origins.of(tracer)
        if file and self._origins.is_foreign(file):
            self._patched["sys.settrace by " + _short(file)] = None

    def _try_out(self) -> None:
        """Canaries: what must fail is made to fail."""
        for name, canary in _CANARIES.items():
            try:
                canary(self._config)
            except BaseException as error:
                if type(error).__name__ in {"AssertionError", "Failed"}:
                    continue
                if isinstance(error, (KeyboardInterrupt, SystemExit)):
                    raise
            self._patched[name + " no longer fails"] = None


def _false_assertion(config: Any) -> None:
    from _pytest.assertion.rewrite import rewrite_asserts

    source = b"assert 1 == 2"
    tree = ast.parse(source)
    if getattr(config.option, "assertmode", "rewrite") == "rewrite":
        rewrite_asserts(tree, source, "canary.py", config)
    exec(compile(tree, "canary.py", "exec"), {"__name__": "canary"})  # noqa: S102 - one false assertion, ours


def _unequal(_: Any) -> None:
    import unittest

    compare = unittest.TestCase().assertEqual
    compare(1, 2)


def _nothing_raised(_: Any) -> None:
    with pytest.raises(ValueError, match="canary"):
        pass


def _not_close(_: Any) -> None:
    if not pytest.approx(1) == 2:
        raise AssertionError


_CANARIES = {
    "`assert 1 == 2`": _false_assertion,
    "unittest's assertEqual(1, 2)": _unequal,
    "pytest.raises without an exception": _nothing_raised,
    "2 == pytest.approx(1)": _not_close,
}


def _short(file: str) -> str:
    """A file as people name it: from the working folder, if it lies there."""
    here = str(Path.cwd()) + os.sep
    real = str(Path(file).resolve()) if file and not file.startswith("<") else file
    return real[len(here) :] if real.startswith(here) else real or "(no code)"


def _why(report: Any) -> dict[str, str]:
    """The first line of a failure, or a skip's reason, and the end of its trace."""
    text = report.longrepr
    if not text or report.passed:
        return {"message": str(getattr(report, "wasxfail", "")), "detail": ""}
    if isinstance(text, tuple):
        return {"message": str(text[-1])[:_LONGEST], "detail": ""}
    crash = getattr(text, "reprcrash", None)
    detail = str(text)
    first = str(crash.message).split("\n")[0] if crash is not None else detail.strip().split("\n")[-1]
    return {"message": first[:_LONGEST], "detail": detail[-_LONGEST:]}


def _only() -> frozenset[str] | None:
    """The ids to which the run is restricted, from the file beside this one."""
    file = Path(__file__).with_name("only.json")
    return frozenset(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def pytest_addoption(pluginmanager: Any) -> None:
    """Called as soon as this module is a plugin: nothing of the checkout has been imported yet."""
    pluginmanager.register(_Watch(_voice()), __name__ + "_watch")
