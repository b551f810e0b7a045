"""Commands that start something and never end, such as a development server."""

from __future__ import annotations

import re

_PATTERNS = (
    r"(?:npm|pnpm|yarn|bun)(?: run)? (?:dev|start|serve|preview|watch|storybook)(?:[:\w-]*)",
    r"(?:npx |bunx |pnpm exec )?vite(?: dev| serve| preview)?(?: -.*)?$",
    r"(?:npx |bunx )?(?:next|nuxt|nuxi|astro|remix|gatsby) (?:dev|start|develop|preview)",
    r"(?:npx )?(?:ng|vue-cli-service|webpack|parcel|hugo|jekyll|mkdocs|zola) (?:serve|server)",
    r"(?:npx )?(?:webpack-dev-server|nodemon|http-server|live-server|serve|storybook dev|wrangler dev)\b",
    r"(?:python[0-9.]* -m )?(?:flask|quart|streamlit|chainlit|fastapi|gradio) (?:.* )?(?:run|dev)\b",
    r"(?:python[0-9.]* -m )?(?:uvicorn|gunicorn|hypercorn|daphne|waitress-serve|celery .*worker)\b",
    r"python[0-9.]* -m http\.server",
    r"(?:python[0-9.]* )?(?:\./)?manage\.py runserver",
    r"(?:bundle exec |bin/)?(?:rails (?:s|server)\b|rackup|puma)",
    r"php (?:-S |artisan serve)",
    r"(?:cargo|gradle|\./gradlew|mvn) (?:watch|bootRun|spring-boot:run)",
    r"(?:cargo leptos watch|trunk serve|dotnet watch)",
    r"tail (?:.* )?-[a-zA-Z]*[fF]\b",
    r"watch ",
    r"(?:docker[- ]compose) up(?!.* (?:-d|--detach|--abort-on-container-exit|--exit-code-from))",
    r"(?:.* )?--watch(?:All)?(?:$| (?!false))",
    r"tsc (?:.* )?-w\b",
    r"sleep infinity",
)
_UNENDING = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS))
_PREFIX = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*=[^ ]* +|exec +|sudo +|env +|cd +[^ ]+ *&& *|poetry run |uv run )*")


def never_ends(command: str) -> bool:
    """Whether any line of a command is known to run until it is stopped; a line in the background is not."""
    for line in command.split("\n"):
        text = line.strip()
        start = _PREFIX.match(text)
        rest = text[start.end() :] if start else text
        if _UNENDING.match(rest) and not rest.endswith("&"):
            return True
    return False
