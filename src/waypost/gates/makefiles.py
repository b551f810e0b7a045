"""What a Makefile does for a target: its recipe, its prerequisites', and the variables that these use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from waypost.gates.comparison import shortened

_VARIABLE = re.compile(r"^(?:(?:export|override|private)\s+)*([\w.\-]+)\s*(?:[:?+!]{0,3}=)\s*(.*)$")
_RULE = re.compile(r"^([^\s#:=][^:=#]*?)\s*::?(?!=)\s*([^;#]*)(?:;(.*))?")
_INCLUDE = re.compile(r"^[-s]?include\s+(.+)$")
_REFERENCE = re.compile(r"\$[({]([\w.\-]+)[)}:]?|\$\((?:call|value)\s+([\w.\-]+)")
_ALWAYS = re.compile(
    r"^(?:SHELL|\.SHELLFLAGS|MAKEFLAGS|GNUMAKEFLAGS|PATH|PYTHON\w*|PYTEST_\w*|NODE_\w*|LD_\w*|BASH_ENV|ENV)$"
)
_SPECIAL = (".IGNORE", ".SILENT", ".ONESHELL", ".DEFAULT", ".POSIX", ".DELETE_ON_ERROR", ".EXPORT_ALL_VARIABLES")


@dataclass(slots=True)
class Makefile:
    """Rules by target, variables by name, and the lines that include other files or export names."""

    rules: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    directives: list[str] = field(default_factory=list)
    first: str = ""

    def facts(self, targets: Iterable[str]) -> dict[str, str]:
        """What decides the targets' outcome, by a name for each part; the default goal is called `""`."""
        wanted, found = [target or self.first for target in targets], dict[str, str]()
        seen: set[str] = set()
        while wanted:
            target = wanted.pop()
            if target in seen:
                continue
            seen.add(target)
            needs, recipe = self.rules.get(target, self._pattern(target))
            found[f"target {target}"] = " ".join(needs) + "\n" + recipe
            wanted.extend(needs)
        found.update({f"target {name}": self.rules[name][1] for name in _SPECIAL if name in self.rules})
        self._variables(found)
        if self.directives:
            found["directives"] = "\n".join(self.directives)
        return found

    @property
    def included(self) -> list[str]:
        """The files that it includes, as they are written there."""
        return [name for line in self.directives if (match := _INCLUDE.match(line)) for name in match[1].split()]

    def _pattern(self, target: str) -> tuple[list[str], str]:
        for name, rule in self.rules.items():
            if "%" in name and re.fullmatch(re.escape(name).replace("%", ".+"), target):
                return rule
        return [], ""

    def _variables(self, found: dict[str, str]) -> None:
        used = [name for text in found.values() for name in _names(text)]
        used += [name for name in self.variables if _ALWAYS.match(name)]
        seen: set[str] = set()
        while used:
            name = used.pop()
            if name not in seen and name in self.variables:
                found[f"variable {name}"] = self.variables[name]
                used.extend(_names(self.variables[name]))
            seen.add(name)


def parse(text: str) -> Makefile:
    """Reads a Makefile; the last of several recipes for a target is the one that make runs."""
    made = Makefile()
    current: list[str] = []
    for line in shortened(text.replace("\\\n", " ")).split("\n"):
        if line.startswith("\t"):
            for target in current:
                needs, recipe = made.rules[target]
                made.rules[target] = (needs, recipe + line + "\n")
        elif line.strip() and not line.startswith("#"):
            current = _directive(made, line)
    return made


def _directive(made: Makefile, line: str) -> list[str]:
    """Takes in a line that is no recipe; returns the targets that the next recipe lines belong to."""
    if variable := _VARIABLE.match(line.strip()):
        made.variables[variable[1]] = (made.variables.get(variable[1], "") + "\n" + line.strip()).strip()
        return []
    if _INCLUDE.match(line) or re.match(r"^(?:export|unexport|vpath|load|undefine|define)\b", line):
        made.directives.append(line.strip())
        return []
    rule = _RULE.match(line)
    if not rule:
        return []
    targets = rule[1].split()
    for target in targets:
        needs, _ = made.rules.get(target, ([], ""))
        made.rules[target] = (
            needs + [one for one in rule[2].split() if one != "|"],
            "\t" + rule[3] + "\n" if rule[3] else "",
        )
        if not made.first and not target.startswith("."):
            made.first = target
    return targets


def _names(text: str) -> list[str]:
    return [one or other for one, other in _REFERENCE.findall(text)]
