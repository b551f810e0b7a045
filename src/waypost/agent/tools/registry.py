"""All tools, and a call's arguments checked against the tool's schema, with errors that teach."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from waypost.agent.tools.bench import OfferedTool
from waypost.agent.tools.edit import EDIT
from waypost.agent.tools.expand import EXPAND
from waypost.agent.tools.find import FIND
from waypost.agent.tools.lookups import IMPACT, MAP, REFERENCES, SEARCH, SYMBOL
from waypost.agent.tools.read import READ
from waypost.agent.tools.shell import SHELL
from waypost.agent.tools.word import ASK, BLOCKED, DECIDE, DONE, NOTE
from waypost.agent.tools.write import WRITE
from waypost.wires.conversation import Json, Tool

TOOLS: tuple[OfferedTool, ...] = (
    *(SHELL, READ, EDIT, WRITE, FIND),
    *(SEARCH, SYMBOL, REFERENCES, IMPACT, MAP),
    *(EXPAND, DECIDE, NOTE, ASK, DONE, BLOCKED),
)

_BY_NAME: Mapping[str, OfferedTool] = {tool.spec.name: tool for tool in TOOLS}

_ALIASES: Mapping[str, str] = {
    "cmd": "command",
    "script": "command",
    "file_path": "path",
    "filename": "path",
    "file": "path",
    "directory": "path",
    "old_str": "old",
    "old_string": "old",
    "new_str": "new",
    "new_string": "new",
    "replace_all": "all",
    "content": "text",
    "contents": "text",
    "file_text": "text",
    "input": "patch",
    "regex": "pattern",
    "query": "pattern",
    "start_line": "start",
    "end_line": "end",
    "reason": "because",
    "because": "reason",
    "message": "text",
}

_KNOWN_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("bash", "run", "exec", "execute", "terminal", "run_command"), "shell"),
    **dict.fromkeys(("apply_patch", "str_replace", "replace", "patch", "multiedit"), "edit"),
    **dict.fromkeys(("cat", "view", "open", "ls", "read_file", "list_files"), "read"),
    **dict.fromkeys(("grep", "glob", "rg"), "find"),
    **dict.fromkeys(("search_code", "codebase_search", "semantic_search"), "search"),
    **dict.fromkeys(("definition", "go_to_definition", "outline"), "symbol"),
    **dict.fromkeys(("callers", "callees", "find_references", "usages"), "references"),
    **dict.fromkeys(("create", "create_file", "write_file"), "write"),
    **dict.fromkeys(("finish", "submit", "complete", "exit"), "done"),
}
"""Names that models bring from other programs."""

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def specs() -> tuple[Tool, ...]:
    """What the model is told of the tools, always in the same order."""
    return tuple(tool.spec for tool in TOOLS)


def tool_named(name: str) -> OfferedTool | None:
    """The tool of this name."""
    return _BY_NAME.get(name)


def parse_arguments(name: str, raw: str) -> Json | str:
    """A call's arguments, or the error that teaches how to write them."""
    tool = tool_named(name)
    if tool is None:
        return _unknown_tool(name)
    given = _decoded(tool, raw)
    return given if isinstance(given, str) else _checked(tool, given)


def _unknown_tool(name: str) -> str:
    import difflib

    known = _KNOWN_ELSEWHERE.get(name.casefold())
    like = [known] if known else difflib.get_close_matches(name.casefold(), list(_BY_NAME), 1, 0.6)
    meant = f" Did you mean {like[0]}?" if like else ""
    return f"There is no tool {name!r}.{meant} The tools are: {', '.join(_BY_NAME)}."


def _decoded(tool: OfferedTool, raw: str) -> Json | str:
    if tool is EDIT and raw.lstrip().startswith("*** Begin Patch"):
        return {"patch": raw}
    try:
        # Not strict: a line break inside a string is clear enough.
        value = json.loads(raw, strict=False) if raw.strip() else {}
        if isinstance(value, str) and value.lstrip().startswith("{"):
            value = json.loads(value, strict=False)
    except json.JSONDecodeError as error:
        before, after = raw[max(0, error.pos - 30) : error.pos], raw[error.pos : error.pos + 30]
        where = f"line {error.lineno} column {error.colno}, at {before!r} HERE {after!r}"
        return _taught(tool, f"the arguments are no valid JSON: {error.msg}: {where}")
    except (ValueError, RecursionError) as error:
        return _taught(tool, f"the arguments can't be read as JSON: {error}")
    if not isinstance(value, dict):
        return _taught(tool, f"the arguments must be one JSON object, not {_kind(value)}")
    return value


def _checked(tool: OfferedTool, given: Json) -> Json | str:
    properties: Json = tool.spec.parameters["properties"]
    accepted: Json = {}
    for name, value in given.items():
        known = name if name in properties else _ALIASES.get(name, name)
        if known not in properties:
            return _taught(tool, _unknown_argument(name, properties))
        if value is None or (known != name and known in given):
            continue
        checked = _value(value, properties[known], known)
        if isinstance(checked, _Wrong):
            return _taught(tool, checked.text)
        accepted[known] = checked
    lacking = [name for name in tool.spec.parameters["required"] if name not in accepted]
    if lacking:
        return _taught(tool, f"{' and '.join(lacking)} missing")
    return accepted


def _unknown_argument(name: str, properties: Json) -> str:
    import difflib

    like = difflib.get_close_matches(name, list(properties), 1, 0.6)
    return f"there is no argument {name!r}" + (f"; did you mean {like[0]}?" if like else "")


class _Wrong:
    """A value that does not fit, and why."""

    def __init__(self, text: str) -> None:
        self.text = text


def _value(value: Any, schema: Json, place: str) -> Any:
    """The value as the schema wants it, plainly meant forms converted; _Wrong where it doesn't fit."""
    kind: str = schema["type"]
    value = _converted(value, kind)
    if not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
        return _Wrong(f"{place} must be {_article(kind)}, not {_kind(value)}")
    if isinstance(value, str):
        # A lone surrogate has no bytes.
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if "enum" in schema and value not in schema["enum"]:
        return _Wrong(f"{place} must be one of {', '.join(schema['enum'])}, not {value!r}")
    if kind == "array":
        return _items(value, schema["items"], place)
    if kind == "object":
        return _fields(value, schema, place)
    return value


def _items(values: list[Any], schema: Json, place: str) -> Any:
    checked = [_value(value, schema, f"{place}[{number}]") for number, value in enumerate(values)]
    return next((value for value in checked if isinstance(value, _Wrong)), checked)


def _fields(value: Json, schema: Json, place: str) -> Any:
    checked = {}
    for name in schema["required"]:
        if name not in value:
            return _Wrong(f"{place} lacks {name!r}")
        checked[name] = _value(value[name], schema["properties"][name], f"{place}.{name}")
        if isinstance(checked[name], _Wrong):
            return checked[name]
    return checked


def _converted(value: Any, kind: str) -> Any:
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind == "integer" and isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value[:18])
    if kind == "boolean" and isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if kind == "array" and isinstance(value, dict):
        return [value]
    return value


def _kind(value: Any) -> str:
    """A JSON value's type in words."""
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "an array"}
    return names.get(type(value), "an object")


def _article(kind: str) -> str:
    return "an " + kind if kind[0] in "aeiou" else "a " + kind


def _taught(tool: OfferedTool, problem: str) -> str:
    """The problem, the arguments in one line (`?` marks optional ones), and an example."""
    spec = tool.spec
    arguments = ", ".join(
        f"{name}{'' if name in spec.parameters['required'] else '?'}: {schema['type']}"
        for name, schema in spec.parameters["properties"].items()
    )
    example = json.dumps(tool.example, ensure_ascii=False)
    return f"{spec.name}: {problem}. Nothing was run.\nIt takes ({arguments}), for example {example}"
