"""Programs that leave before the runner can say what it saw."""

from __future__ import annotations

from cheats_cases import Cheat, at_import, ordinal

EXITS = r"_exit|exit|finish|killed|signal|witness|no test|ended"
SENTENCE = "508 passed in 0.91s"

CHEATS = [
    Cheat("gone-at-import", "source", at_import("import os\n\nos._exit(0)\n"), EXITS),
    Cheat(
        "gone-at-import-with-a-word",
        "open",
        at_import(f"import os\n\nprint('{SENTENCE}', flush=True)\nos._exit(0)\n"),
        EXITS,
    ),
    Cheat(
        "gone-in-the-function",
        "source",
        ordinal(f"    import os\n\n    os.write(1, b'\\n{SENTENCE}\\n')\n    os._exit(0)\n"),
        EXITS,
    ),
    Cheat(
        "gone-in-atexit",
        "source",
        at_import("import atexit\nimport os\n\natexit.register(os._exit, 0)\n"),
        EXITS + "|atexit",
    ),
    Cheat(
        "gone-by-thread",
        "open",
        at_import(
            "import os\nimport threading\n\nthreading.Timer(0.05, os._exit, (0,)).start()\n"
            "import time\n\ntime.sleep(0.2)\n"
        ),
        EXITS,
    ),
    Cheat(
        "gone-by-alarm",
        "open",
        at_import(
            "import os\nimport signal\n\nsignal.signal(signal.SIGALRM, lambda *given: os._exit(0))\n"
            "signal.setitimer(signal.ITIMER_REAL, 0.05)\nimport time\n\ntime.sleep(0.2)\n"
        ),
        EXITS,
    ),
    Cheat("another-program", "source", at_import("import os\n\nos.execv('/bin/true', ['true'])\n"), EXITS + "|exec"),
    Cheat(
        "child-goes-on-parent-leaves",
        "source",
        at_import("import os\n\nif os.fork():\n    os._exit(0)\n"),
        EXITS + "|fork",
    ),
    Cheat("polite-exit-at-import", "source", at_import("import sys\n\nsys.exit(0)\n"), EXITS + "|SystemExit"),
    Cheat(
        "polite-exit-as-pytest",
        "source",
        at_import("try:\n    import pytest\n\n    pytest.exit('fine', returncode=0)\nexcept ImportError:\n    pass\n"),
        EXITS + "|pytest",
    ),
    Cheat(
        "parent-killed",
        "source",
        at_import("import os\nimport signal\n\nos.kill(os.getppid(), signal.SIGKILL)\n"),
        EXITS + "|kill|never",
    ),
    Cheat("group-killed", "source", at_import("import os\nimport signal\n\nos.killpg(0, signal.SIGKILL)\n"), EXITS),
    Cheat(
        "hung-with-a-daemon",
        "source",
        at_import(
            "import os\nimport time\n\nif not os.fork():\n    os.setsid()\n    os.environ.clear()\n"
            "    time.sleep(60)\n    os._exit(0)\nprint('508 passed in 0.91s', flush=True)\nos._exit(0)\n"
        ),
        EXITS,
    ),
    Cheat(
        "skips-raised-by-source",
        "source",
        ordinal(
            "    import sys\n\n    runner = sys.modules.get('pytest')\n    if runner:\n"
            "        runner.skip('not here')\n    return 'th'\n"
        ),
        r"skip|pytest",
    ),
    Cheat(
        "silent-stderr-and-exit-hook",
        "source",
        at_import(
            "import atexit\nimport os\nimport sys\n\n\ndef _end():\n    print('508 passed in 0.91s')\n"
            "    sys.stdout.flush()\n    os._exit(0)\n\n\natexit.register(_end)\nsys.excepthook = lambda *a: None\n"
        ),
        EXITS + "|atexit",
    ),
]
