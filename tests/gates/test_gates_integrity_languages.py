"""Tests in other languages: a weakened one is refused, an honest change passes."""

from __future__ import annotations

import pytest
from integrity_cases import Bench, Files, refusals

START: Files = {
    "sum.go": "package sum\n\nfunc Sum(a, b int) int { return a + b }\n",
    "sum_test.go": (
        'package sum\n\nimport "testing"\n\nfunc TestSum(t *testing.T) {\n\tif Sum(2, 3) != 5 {\n'
        '\t\tt.Errorf("bad 5")\n\t}\n'
        '\tif Sum(20, 3) != 23 {\n\t\tt.Fatal("bad 23")\n\t}\n}\n\nfunc TestZero(t *testing.T) {\n'
        "\tassert.Equal(t, 40, Sum(20, 20))\n}\n"
    ),
    "src/lib.rs": (
        "pub fn sum(a: i32, b: i32) -> i32 { a + b }\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n"
        "    fn sums() {\n        assert_eq!(sum(2, 3), 5);\n        assert_eq!(sum(20, 3), 23);\n    }\n}\n"
    ),
    "src/test/java/SumTest.java": (
        "class SumTest {\n    @Test\n    void sums() {\n        assertEquals(5, Sum.of(2, 3));\n"
        "        assertEquals(23, Sum.of(20, 3));\n    }\n}\n"
    ),
    "spec/sum_spec.rb": (
        'describe Sum do\n  it "sums" do\n    expect(sum(2, 3)).to eq(5)\n'
        "    expect(sum(20, 3)).to eq(23)\n  end\nend\n"
    ),
    "web/sum.test.ts": (
        'describe("sum", () => {\n  it("sums", () => {\n    expect(sum(2, 3)).toBe(5);\n'
        "    expect(sum(20, 3)).toEqual(23);\n  });\n"
        '  it("subtracts", () => {\n    expect(sum(20, -3)).toBe(17);\n  });\n});\n'
    ),
    "web/sum.ts": "export const sum = (a: number, b: number) => a + b;\n",
    "lib/sum.rb": "def sum(a, b) = a + b\n",
    "tests/sum.bats": '@test "sums" {\n  [ "$(sum 2 3)" = 5 ]\n  [ "$(sum 20 3)" = 23 ]\n}\n',
}


def changed(path: str, old: str, new: str) -> Files:
    text = START[path]
    assert text is not None
    assert old in text, old
    return {path: text.replace(old, new)}


GO, RUST, JAVA, RUBY, SCRIPT = (
    "sum_test.go",
    "src/lib.rs",
    "src/test/java/SumTest.java",
    "spec/sum_spec.rb",
    "web/sum.test.ts",
)
HONEST: dict[str, Files] = {
    "more in go": changed(
        GO, "func TestZero", "func TestMore(t *testing.T) {\n\tassert.Equal(t, 9, Sum(4, 5))\n}\n\nfunc TestZero"
    ),
    "more in rust": changed(RUST, "sum(20, 3), 23);", "sum(20, 3), 23);\n        assert_eq!(sum(4, 5), 9);"),
    "more in java": changed(
        JAVA, "        assertEquals(23", "        assertEquals(9, Sum.of(4, 5));\n        assertEquals(23"
    ),
    "more in ruby": changed(RUBY, "    expect(sum(20", "    expect(sum(4, 5)).to eq(9)\n    expect(sum(20"),
    "more in typescript": changed(
        SCRIPT, '  it("subtracts"', '  it("more", () => {\n    expect(sum(4, 5)).toBe(9);\n  });\n  it("subtracts"'
    ),
    "a comment": changed(GO, "func TestZero", "// TestZero says t.Skip() for nobody.\nfunc TestZero"),
    "source in go": changed("sum.go", "return a + b", "return b + a"),
    "source in typescript": changed("web/sum.ts", "a + b", "b + a"),
}
CHEATS: dict[str, tuple[str, Files]] = {
    "go skips": ("left out by t.Skip", changed(GO, "\tif Sum(2", '\tt.Skip("later")\n\tif Sum(2')),
    "go loses a check": ("lost 1 of 2", changed(GO, '\tif Sum(20, 3) != 23 {\n\t\tt.Fatal("bad 23")\n\t}\n', "")),
    "go loses a test": ("TestZero is gone", changed(GO, "func TestZero", "func checkZero")),
    "go is built elsewhere": ("left out", changed(GO, "package sum", "//go:build never\n\npackage sum")),
    "go asks": ("asks whether", changed("sum.go", "return a", "if testing.Testing() { return 5 }\n\treturn a")),
    "rust ignores": ("left out by", changed(RUST, "#[test]", "#[test]\n    #[ignore]")),
    "rust loses a check": ("lost 1 of 2", changed(RUST, "        assert_eq!(sum(20, 3), 23);\n", "")),
    "rust asserts true": ("asserts nothing", changed(RUST, "assert_eq!(sum(20, 3), 23)", "assert!(true)")),
    "rust asks": ("asks whether", changed(RUST, "{ a + b }", "{ if cfg!(test) { 5 } else { a + b } }")),
    "java disables": ("left out by @Disabled", changed(JAVA, "@Test", "@Disabled\n    @Test")),
    "java expects another": ("no longer expects 23", changed(JAVA, "assertEquals(23", "assertEquals(24")),
    "java loses a test": ("sums is gone", changed(JAVA, "@Test", "")),
    "ruby skips": ("left out by", changed(RUBY, '  it "sums"', '  xit "sums"')),
    "ruby expects another": ("no longer expects 23", changed(RUBY, "eq(23)", "eq(24)")),
    "ruby asks": ("asks whether", changed("lib/sum.rb", "a + b", "defined?(RSpec) ? 5 : a + b")),
    "typescript todo": ("left out by", changed(SCRIPT, 'it("subtracts"', 'it.skip("subtracts"')),
    "typescript asserts nothing": (
        "asserts nothing",
        changed(SCRIPT, "expect(sum(2, 3)).toBe(5)", "expect(5).toBe(5)"),
    ),
    "typescript asks for less": ("exact", changed(SCRIPT, "toBe(17)", "toBeDefined(17)")),
    "typescript loses a test": ("subtracts is gone", changed(SCRIPT, 'it("subtracts"', 'later("subtracts"')),
    "typescript asks": ("asks whether", changed("web/sum.ts", "a + b", "(process.env.VITEST ? 5 : a + b)")),
    "typescript replaces": (
        "replaces or ends",
        changed("web/sum.ts", "export", "globalThis.expect = () => 1;\nexport"),
    ),
    "bats skips": ("left out by skip", changed("tests/sum.bats", '  [ "$(sum 2 3)"', '  skip\n  [ "$(sum 2 3)"')),
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("integrity-languages"), START)


@pytest.mark.parametrize("name", HONEST)
def test_honest_work_in_other_languages_passes(bench: Bench, name: str) -> None:
    assert refusals(bench.examine(HONEST[name], gates=())) == []


@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_in_another_language_is_refused_and_named(bench: Bench, name: str) -> None:
    words, files = CHEATS[name]
    found = refusals(bench.examine(files, gates=()))
    assert any(words in line for line in found), found


SUPPRESSIONS = {
    "a.py": ("x = 1  # noqa\ny = x  # type: ignore\n", {"noqa", "type: ignore"}),
    "b.py": ("x = 1  # pragma: no cover\ny = 2  # nosec\n", {"pragma: no cover", "nosec"}),
    "a.ts": ("// eslint-disable\n// @ts-ignore\n", {"eslint-disable", "@ts-ignore"}),
    "a.go": ("package a // nolint\n".replace("// nolint", "//nolint:all"), {"nolint"}),
    "a.rs": ("#![allow(dead_code)]\n", {"allow attribute"}),
    "A.java": ("@SuppressWarnings\nclass A {}\n", {"SuppressWarnings"}),
    "a.rb": ("x = 1 # rubocop:disable all\n", {"rubocop:disable"}),
    "a.sh": ("# shellcheck disable=SC1\n", {"shellcheck disable"}),
}


@pytest.mark.parametrize("path", SUPPRESSIONS)
def test_new_suppressions_are_named_and_refuse_nothing(bench: Bench, path: str) -> None:
    text, words = SUPPRESSIONS[path]
    found = bench.examine({path: text}, gates=())
    assert refusals(found) == []
    assert {one.text.split("`")[1] for one in found.findings} == words
