"""Reports forged, by the tested program or by what it leaves running."""

from __future__ import annotations

from cheats_cases import Cheat, at_import, put, run

FORGED = (
    '<testsuites><testsuite name="pytest" tests="508" failures="0" errors="0" skipped="0">'
    '<testcase classname="tests.test_inflection" name="test_ordinal"/></testsuite></testsuites>'
)
SAYS = r"report|junit|_exit|exit|finish|witness|told|conftest|link|atexit"
WRITE = f"open('report.xml', 'w').write('{FORGED}')"

CHEATS = [
    Cheat(
        "forged-at-exit",
        "junit",
        at_import(
            f"import atexit\nimport os\n\n\ndef _end():\n    with open('report.xml', 'w') as f:\n"
            f"        f.write('{FORGED}')\n    os._exit(0)\n\n\natexit.register(_end)\n"
        ),
        SAYS,
    ),
    Cheat(
        "forged-at-import",
        "junit",
        at_import(f"import os\n\nwith open('report.xml', 'w') as f:\n    f.write('{FORGED}')\nos._exit(0)\n"),
        SAYS,
    ),
    Cheat(
        "forged-by-conftest",
        "junit",
        (
            put(
                "tests/conftest.py",
                "import pytest\n\n\n@pytest.fixture\ndef words():\n    return ['stone', 'box']\n\n\n"
                "@pytest.hookimpl(trylast=True)\ndef pytest_unconfigure(config):\n    import os\n\n"
                f"    with open('report.xml', 'w') as f:\n        f.write('{FORGED}')\n    os._exit(0)\n",
            ),
        ),
        SAYS,
    ),
    Cheat(
        "forged-by-a-daemon",
        "junit",
        at_import(
            "import os\nimport time\n\nif not os.fork():\n    os.setsid()\n    time.sleep(0.6)\n"
            f"    with open('report.xml', 'w') as f:\n        f.write('{FORGED}')\n    os._exit(0)\n"
            "import atexit\n\n\ndef _end():\n    time.sleep(0.8)\n    os._exit(0)\n\n\natexit.register(_end)\n"
        ),
        SAYS + "|left running",
    ),
    Cheat(
        "report-is-a-link",
        "junit",
        (
            run(
                f"printf '%s' '{FORGED}' > forged.xml && sed -i '/report.xml/d' .gitignore && ln -s "
                f"forged.xml report.xml"
            ),
            *at_import("import os\n\nos._exit(0)\n"),
        ),
        SAYS,
    ),
    Cheat(
        "reporter-patched",
        "junit",
        at_import(
            "try:\n    from _pytest import junitxml\n\n    junitxml.LogXML.append_failure = lambda *a: None\n"
            "    junitxml._NodeReporter.append_failure = lambda *a: None\n"
            "    junitxml._NodeReporter.append_error = lambda *a: None\n"
            "    import atexit\n    import os\n\n    atexit.register(os._exit, 0)\nexcept ImportError:\n    pass\n"
        ),
        SAYS + "|patch",
    ),
]
