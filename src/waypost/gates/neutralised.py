"""Commands that can't fail any more, and runs that leave tests out: two versions of a script, recipe or workflow."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable

from waypost.gates.comparison import shortened

RUNNERS = re.compile(
    r"\b(?:pytest|py\.test|unittest|nose2?|tox|nox|jest|vitest|mocha|ava|jasmine|karma|playwright|cypress|tap"
    r"|node +--test|go +(?:test|vet)|cargo +(?:test|nextest|clippy)|ctest|rspec|minitest|gradlew?|mvnw?|phpunit|bats"
    r"|hatch +(?:run|test|-e)|deno +test|bun +test|(?:npm|yarn|pnpm) +(?:run +)?test|make +(?:test|check)\w*"
    r"|mypy|pyright|ruff|flake8|pylint|eslint|tsc|hypothesis|coverage)\b"
)
_TRICKS: tuple[tuple[str, str], ...] = (
    (r"\|\|\s*(?:true\b|:(?=\s|$|\")|echo\b|exit\s+0\b|printf\b|/bin/true\b)", "its failure is ignored"),
    (r"(?:;|&&|\n|^)\s*(?:exit\s+0|return\s+0|true|:)\s*(?=$|[\n\"';)])", "ends with success whatever happened"),
    (r"\bset\s+\+(?:e|o\s+(?:errexit|pipefail))", "failures no longer end the script"),
    (r"\btrap\s+['\"]?(?:exit\s+0|true|:)", "an exit trap makes it succeed"),
    (r"continue-on-error:\s*(?:true|\$)", "the step may fail"),
    (r"allow_failure:\s*true", "the job may fail"),
    (r"\bif:\s*(?:false|\$\{\{\s*false)|when:\s*never", "the job never runs"),
    (r"--?passWithNoTests\b|--pass-with-no-tests\b|--allow-empty\b", "passes without a test"),
    (r"--exit-zero\b|--exit-code[= ]0\b|--no-error-on-unmatched-pattern\b|--suppress-no-test-exit-code\b",
     "its failure is ignored"),
    (r"^\s*\.IGNORE\s*:|\bMAKEFLAGS\s*[+:?]?=.*(?:-i|-k|ignore)|\bmake\s+-(?:i|k)\b", "make ignores failures"),
    (r"\bPYTEST_ADDOPTS\b|\bPYTEST_PLUGINS\b|\bNODE_OPTIONS\b|\bPYTHONSTARTUP\b|\bLD_PRELOAD\b|\bBASH_ENV\b"
     r"|\bRUSTFLAGS\b|\bGOFLAGS\b", "changes the runner by the environment"),
    (r"\b(?:pytest|unittest|jest|vitest|mocha|tox|nox|rspec|ctest|test)\b[^\n|#]*[^|\n]\|(?!\|)",
     "a pipe hides the exit code"),
    (r"\bCOMPARE_IGNORE\b|--(?:update-snapshots?|snapshot-update|updateSnapshot|ci=false|inline-snapshot=)\b"
     r"|\bUPDATE_(?:SNAPSHOTS?|GOLDENS?|EXPECT)=", "the run rewrites what it expects"),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern, re.MULTILINE), reason) for pattern, reason in _TRICKS)
_CHECKERS = re.compile(r"mypy|pyright|ruff|flake8|pylint|eslint|tsc|hypothesis|coverage|go +vet|cargo +clippy")
_IDLE = re.compile(
    r"\s*(?:#|@?echo\b|-? *name:|(?:- )?(?:run: *)?(?:[\w.\"'$(){}/-]+ +-m +)?(?:uv +)?pip3? +install\b)"
    r"(?!.*(?:&&|;|\|))"
)
_SEPARATORS = re.compile(r"(?<!\\)\n|;|&&|\|\|?")
_IGNORED_RECIPE = re.compile(r"^\t\s*@?-", re.MULTILINE)

NARROWING = re.compile(
    r"^(?:-k|-m|--deselect|--ignore|--ignore-glob|-p|--co|--collect-only|-x|--exitfirst|--maxfail|-o|--override-ini|-c"
    r"|--noconftest|--rootdir|--confcutdir|--lf|--last-failed|--sw|--stepwise|--pyargs|--setup-only|--setup-plan"
    r"|--fixtures|--markers|--version|--help|-h|--runxfail|-t|--testNamePattern|--testPathIgnorePatterns|--grep|-g"
    r"|--invert|--bail|--onlyChanged|-run|-skip|-short|--skip|--exclude|--no-run|--list|--filter|--dry-run"
    r"|--test-name-pattern|--test-only|--listTests|--findRelatedTests|--shard|--related|--disable-plugin-autoload)$"
)


def neutralised(old: str, new: str, recipe: bool = False) -> list[str]:
    """The reasons, if any, for which the new version of some shell text tells less than the old one."""
    found = [
        reason for pattern, reason in _COMPILED if len(pattern.findall(_bare(new))) > len(pattern.findall(_bare(old)))
    ]
    if recipe and len(_IGNORED_RECIPE.findall(new)) > len(_IGNORED_RECIPE.findall(old)):
        found.append("its failure is ignored")
    lost = Counter(_runners(old)) - Counter(_runners(new))
    # One runner in place of another is honest; none in place of one is not, nor a checker of style.
    if lost and not (_testing(_runners(new)) if _testing(lost) else _runners(new)):
        found.append(f"no longer runs {', '.join(sorted(lost))}")
    found += [f"adds {option}" for option in narrowing(old, new)]
    return list(dict.fromkeys(found))


def narrowing(old: str, new: str) -> list[str]:
    """Runner options that leave tests out, change the configuration, or load a plugin, and that are new."""
    if not RUNNERS.search(new):
        return []
    return sorted((options(new) - options(old)).elements())


def options(text: str) -> Counter[str]:
    """The narrowing options that follow a runner in its command, with their values where an equals sign is between."""
    pieces = [piece for piece in _SEPARATORS.split(text) if RUNNERS.search(piece)]
    following = [piece[found.end() :] for piece in pieces if (found := RUNNERS.search(piece))]
    return Counter(word for piece in following for word in words(piece) if NARROWING.match(_name(word)))


def words(text: str) -> list[str]:
    """The words of a command, as a shell would split it if it can be split."""
    try:
        return shlex.split(text, comments=True)
    except ValueError:
        return text.split()


def _name(word: str) -> str:
    if word.startswith("--"):
        return word.partition("=")[0]
    return word[:2] if re.match(r"-[kmpoc]\S", word) else word.partition("=")[0]


def _runners(text: str) -> list[str]:
    return [" ".join(word.split()) for word in RUNNERS.findall(_bare(text))]


def _testing(runners: Iterable[str]) -> list[str]:
    return [name for name in runners if not _CHECKERS.match(name)]


def _bare(text: str) -> str:
    """The text without comments, echoed words, names of steps and installations, which run no test."""
    kept = [line for line in text.split("\n") if not _IDLE.match(line)]
    return shortened("\n".join(kept))
