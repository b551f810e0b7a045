"""A small repository whose answers are known."""

from __future__ import annotations

TEXTS = {
    "app/__init__.py": '"""An application."""\n',
    "app/authentication.py": (
        "import hashlib\n\n\nclass PasswordHasher:\n    rounds = 12\n\n"
        "    def hash_password(self, password):\n        salted = self._salt(password)\n"
        "        return hashlib.sha256(salted).hexdigest()\n\n"
        "    def _salt(self, password):\n        return password.encode() * self.rounds\n"
    ),
    "app/cookies.py": (
        "class CookieJar:\n    def __init__(self):\n        self.cookies = {}\n\n"
        "    def store(self, name, value):\n        self.cookies[name] = value\n\n"
        "    def expire(self, now):\n"
        "        old = [name for name, one in self.cookies.items() if one.until < now]\n"
        "        for name in old:\n            del self.cookies[name]\n"
    ),
    "app/dates.py": (
        "def parse_date(text):\n    year, month, day = text.split('-')\n"
        "    return int(year), int(month), int(day)\n\n\n"
        "def add_days(date, days):\n    return date[0], date[1], date[2] + days\n"
    ),
    "app/server.py": (
        "from app.cookies import CookieJar\nfrom app.dates import parse_date\n\n\n"
        "def serve(request):\n    jar = CookieJar()\n    jar.store('seen', parse_date(request.date))\n    return jar\n"
    ),
    "lib/cache.go": (
        "package lib\n\n// Evict drops the oldest entries.\nfunc Evict(limit int) int {\n\treturn limit\n}\n"
    ),
    "tests/test_dates.py": (
        "from app.dates import parse_date\n\n\ndef test_a_date_is_parsed():\n"
        "    assert parse_date('2026-11-21') == (2026, 11, 21)\n"
    ),
    "README.md": "# App\n\nIt can parse date and cookie, and has a password.\n",
}
