from __future__ import annotations

from waypost.index.model import Import, Reference, ReferenceKind
from waypost.index.modules import is_module, parts_of_module, parts_of_path
from waypost.index.resolving import SURE, Candidate, Resolver, bases_of

METHOD = ("method", "class")


def reference(name: str, qualifier: str = "", kind: ReferenceKind = "call") -> Reference:
    return Reference(name, kind, 1, 0, -1, qualifier)


def sure(
    resolver: Resolver, one: Reference, path: str, around: str = "", imports: tuple[Import, ...] = ()
) -> list[int]:
    return [position for position, confidence in resolver.resolve(one, path, around, imports) if confidence >= SURE]


def test_a_plain_name_means_what_its_own_file_defines() -> None:
    resolver = Resolver([Candidate("a.py", "check", "function"), Candidate("b.py", "check", "function")])
    assert sure(resolver, reference("check"), "b.py") == [1]
    assert sure(resolver, reference("check"), "c.py") == []


def test_a_plain_name_means_the_nearest_definition_around_it() -> None:
    resolver = Resolver(
        [Candidate("a.py", "check", "function"), Candidate("a.py", "run.check", "function", "function")]
    )
    assert sure(resolver, reference("check"), "a.py", "run") == [1]
    assert sure(resolver, reference("check"), "a.py", "other") == [0]


def test_an_imported_name_means_what_its_module_defines() -> None:
    resolver = Resolver([Candidate("shop/a.py", "check", "function"), Candidate("shop/b.py", "check", "function")])
    imports = (Import("shop.b", "check", "", 1),)
    assert sure(resolver, reference("check"), "main.py", "", imports) == [1]
    assert sure(resolver, reference("check", "shop.b", "import"), "main.py") == [1]


def test_a_relative_import_is_seen_from_its_file() -> None:
    resolver = Resolver([Candidate("shop/a.py", "check", "function"), Candidate("other/a.py", "check", "function")])
    assert sure(resolver, reference("check"), "shop/b.py", "", (Import(".a", "check", "", 1),)) == [0]
    assert sure(resolver, reference("check"), "shop/deep/b.py", "", (Import("..a", "check", "", 1),)) == [0]


def test_a_name_that_a_package_passes_on_is_found_where_it_is_defined() -> None:
    resolver = Resolver([Candidate("shop/deep/a.py", "check", "function")])
    assert sure(resolver, reference("check"), "main.py", "", (Import("shop", "check", "", 1),)) == [0]
    assert sure(resolver, reference("check"), "other.py", "", (Import("elsewhere", "check", "", 1),)) == []


def test_a_module_s_member_is_looked_up_in_the_module() -> None:
    resolver = Resolver([Candidate("shop/a.py", "check", "function"), Candidate("shop/b.py", "check", "function")])
    assert sure(resolver, reference("check", "b"), "m.py", "", (Import("shop", "b", "", 1),)) == [1]
    assert sure(resolver, reference("check", "it"), "m.py", "", (Import("shop.a", "", "it", 1),)) == [0]
    assert sure(resolver, reference("check", "shop.b"), "m.py", "", (Import("shop.b", "", "", 1),)) == [1]
    assert sure(resolver, reference("check", "os"), "m.py", "", (Import("os", "", "", 1),)) == []
    passed_on = Resolver([Candidate("shop/deep/c.py", "check", "function")])
    assert sure(passed_on, reference("check", "shop"), "m.py", "", (Import("shop", "", "", 1),)) == [0]


def test_one_s_own_member_is_of_the_class_around_or_inherited() -> None:
    resolver = Resolver(
        [Candidate("a.py", "Base.run", *METHOD), Candidate("b.py", "Other.run", *METHOD)],
        bases_of([("Child", "Base"), ("Base", "object")]),
    )
    assert sure(resolver, reference("run", "self"), "a.py", "Base.go") == [0]
    assert sure(resolver, reference("run", "self"), "c.py", "Child.go") == [0]
    assert sure(resolver, reference("run", "super()"), "c.py", "Child.run") == [0]
    assert sure(resolver, reference("run", "self"), "c.py", "Stranger.go") == []


def test_an_instance_s_member_is_of_its_class() -> None:
    resolver = Resolver([Candidate("a.py", "Cat.run", *METHOD), Candidate("b.py", "Dog.run", *METHOD)])
    assert sure(resolver, reference("run", "Dog()"), "c.py") == [1]
    assert sure(resolver, reference("run", "Cat"), "c.py") == [0]
    assert sure(resolver, reference("run", "dog"), "c.py") == [1]
    assert sure(resolver, reference("run", "thing"), "c.py") == []


def test_a_member_that_only_one_class_has_is_meant_by_any_object() -> None:
    resolver = Resolver([Candidate("a.py", "Cat.purr", *METHOD)])
    assert sure(resolver, reference("purr", "thing"), "c.py") == [0]
    assert sure(resolver, reference("purr"), "c.py") == []


def test_go_sees_its_package_and_java_its_own_members() -> None:
    go = Resolver([Candidate("shop/a.go", "Check", "function"), Candidate("bank/a.go", "Check", "function")])
    assert sure(go, reference("Check"), "shop/b.go") == [0]
    java = Resolver([Candidate("A.java", "A.run", *METHOD), Candidate("B.java", "B.run", *METHOD)], {"C": ["B"]})
    assert sure(java, reference("run"), "A.java", "A.go") == [0]
    assert sure(java, reference("run"), "C.java", "C.go") == [1]


def test_c_takes_what_is_the_only_one_of_its_name() -> None:
    resolver = Resolver([Candidate("lib/a.c", "check", "function")])
    assert sure(resolver, reference("check"), "main.c") == [0]


def test_answers_come_best_first_and_are_the_same_each_time() -> None:
    resolver = Resolver([Candidate("a.py", "A.run", *METHOD), Candidate("b.py", "B.run", *METHOD)])
    first = resolver.resolve(reference("run", "thing"), "c.py", "", ())
    assert first == resolver.resolve(reference("run", "thing"), "c.py", "", ())
    assert [confidence for _, confidence in first] == sorted((c for _, c in first), reverse=True)


def test_modules_are_compared_part_by_part() -> None:
    assert parts_of_path("src/shop/__init__.py") == ("src", "shop")
    assert parts_of_module("./money.js", "web/shop/a.js") == ("web", "shop", "money")
    assert parts_of_module("../money", "web/shop/a.ts") == ("web", "money")
    assert parts_of_module("crate::shop::money", "src/a.rs") == ("shop", "money")
    assert is_module("shop.money", "main.py", "src/shop/money.py")
    assert not is_module("shop.money", "main.py", "src/workshop/money2.py")


def test_folders_are_packages_where_the_language_has_it_so() -> None:
    go = Resolver([Candidate("money/a.go", "Zero", "function"), Candidate("bank/a.go", "Zero", "function")])
    assert sure(go, reference("Zero", "money"), "m.go", "", (Import("example.com/shop/money", "", "", 1),)) == [0]
    java = Resolver(
        [Candidate("src/shop/Item.java", "Item", "class"), Candidate("src/bank/Item.java", "Item", "class")]
    )
    assert sure(java, reference("Item"), "src/M.java", "", (Import("shop", "Item", "", 1),)) == [0]


def test_climbing_out_of_the_tree_is_no_error() -> None:
    assert parts_of_module("../../../x", "a.js") == ("x",)
    assert not is_module("....x", "a.py", "b.py")
