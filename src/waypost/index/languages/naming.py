"""Which language a file is written in, by its name, its ending or its first line."""

from __future__ import annotations

import re

BY_NAME = {
    "makefile": "make", "gnumakefile": "make", "dockerfile": "dockerfile", "containerfile": "dockerfile",
    "rakefile": "ruby", "gemfile": "ruby", "guardfile": "ruby", "vagrantfile": "ruby", "podfile": "ruby",
    "jenkinsfile": "groovy", ".bashrc": "bash", ".bash_profile": "bash", ".profile": "bash", ".zshrc": "bash",
    "pkgbuild": "bash", "sconstruct": "python", "sconscript": "python", "wscript": "python", "cargo.lock": "toml",
    "poetry.lock": "toml", "uv.lock": "toml", "pipfile": "toml", ".clang-format": "yaml", ".babelrc": "json",
    ".eslintrc": "json", "composer.lock": "json", "cmakelists.txt": "cmake", "build": "python", "build.bazel": "python",
}  # fmt: skip
BY_ENDING = {
    "python": "py pyi pyw pyx pxd bzl", "javascript": "js jsx mjs cjs", "typescript": "ts mts cts", "tsx": "tsx",
    "java": "java", "kotlin": "kt kts", "go": "go", "rust": "rs", "c": "c",
    "cpp": "cc cpp cxx c++ hpp hh hxx h++ ipp tpp inl cu cuh",
    "csharp": "cs csx", "ruby": "rb rake gemspec ru", "php": "php phtml php5 php7 inc",
    "bash": "sh bash zsh ksh bats", "sql": "sql ddl dml psql", "yaml": "yaml yml", "toml": "toml",
    "json": "json jsonc geojson webmanifest", "markdown": "md markdown mdx", "cobol": "cob cbl cpy cobol",
    "css": "css", "elixir": "ex exs", "haskell": "hs", "html": "html htm xhtml", "lua": "lua",
    "scala": "scala sc sbt", "swift": "swift", "zig": "zig zon",
    "text": "txt text rst adoc log csv tsv", "xml": "xml xsd xsl svg", "groovy": "groovy gradle", "cmake": "cmake",
    "make": "mk mak", "perl": "pl pm", "r": "r", "dart": "dart", "julia": "jl", "clojure": "clj cljs cljc edn",
    "erlang": "erl hrl", "ocaml": "ml mli", "fsharp": "fs fsx",
    "vue": "vue", "svelte": "svelte", "scss": "scss less sass",
    "protobuf": "proto", "thrift": "thrift", "graphql": "graphql gql",
    "terraform": "tf tfvars", "powershell": "ps1 psm1",
    "objective-c": "m mm", "fortran": "f f90 f95 for", "pascal": "pas pp", "ada": "adb ads", "lisp": "lisp el scm",
    "assembly": "s asm", "vim": "vim", "ini": "ini cfg conf properties",
}  # fmt: skip
_LANGUAGES = {ending: language for language, endings in BY_ENDING.items() for ending in endings.split()}
_INTERPRETERS = {
    "python": "python", "pypy": "python", "node": "javascript", "deno": "typescript", "bun": "typescript",
    "sh": "bash", "bash": "bash", "dash": "bash", "zsh": "bash", "ksh": "bash", "ash": "bash", "ruby": "ruby",
    "php": "php", "lua": "lua", "perl": "perl", "elixir": "elixir", "rscript": "r",
}  # fmt: skip
_CPP = re.compile(
    rb"^\s*(?:class\s+\w|namespace\b|template\s*<|using\s|(?:public|private|protected)\s*:)|\bstd::", re.MULTILINE
)


def language_of(path: str, text: bytes) -> str:
    """The language's name; `text` when nothing tells. Only the name and the first bytes are looked at."""
    name = path.rsplit("/", 1)[-1].lower()
    stem, dot, ending = name.rpartition(".")
    if name in BY_NAME:
        return BY_NAME[name]
    if dot and ending == "h":
        return "cpp" if _CPP.search(text[:20_000]) else "c"
    if dot and ending in _LANGUAGES:
        return _LANGUAGES[ending]
    if (stem or name).startswith("dockerfile"):
        return "dockerfile"
    return _by_shebang(text) or "text"


def _by_shebang(text: bytes) -> str:
    """What `#!/usr/bin/env -S python3.11 -u` and the like run."""
    if not text.startswith(b"#!"):
        return ""
    words = text[2:200].split(b"\n", 1)[0].decode("utf-8", "replace").split()
    programs = [word.rpartition("/")[2] for word in words if not word.startswith("-") and "=" not in word]
    if programs[:1] == ["env"]:
        programs.pop(0)
    return _INTERPRETERS.get(programs[0].rstrip("0123456789.").lower(), "") if programs else ""
