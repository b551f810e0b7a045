"""Vectors: what makes them, where they are kept, and that search goes on without them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from index_search_cases import TEXTS
from index_store_cases import git, repository, write

from waypost.index.embedding.choosing import chosen
from waypost.index.embedding.embedder import BadEmbedder, Embedder, EmbedderFailed, vectors_of
from waypost.index.embedding.fitting import FittedEmbedder, fit, is_due
from waypost.index.embedding.likeness import Likeness
from waypost.index.embedding.quantising import Matrix, quantised
from waypost.index.embedding.static import StaticEmbedder
from waypost.index.embedding.twins import FAULTS, ChaosEmbedder, Fault, ScriptedEmbedder
from waypost.index.embedding.vectors import Vectors
from waypost.index.forward import terms_of_file, unpack
from waypost.index.index import Index
from waypost.index.parsing import parse
from waypost.index.ranking import Settings
from waypost.index.search import Search

QUERIES = ("where are cookies stored", "CookieJar", "Delete the cookies whose time is over.", "app/dates.py", "zebra")
ON = Settings(vector=0.2)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index.open(write(tmp_path / "tree", TEXTS), tmp_path / "index.db") as found:
        found.update()
        yield found


def likeness(index: Index, embedder: Embedder, **limits: Any) -> Likeness:
    return Likeness(index, lambda *_: embedder, **limits)


def corpus_basis() -> bytes:
    return fit(unpack(terms_of_file(path, text, parse(path, text.encode()))) for path, text in TEXTS.items())


# --- quantising -----------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.floats(-1e6, 1e6, width=32), min_size=5, max_size=5), min_size=1, max_size=9))
def test_a_quantised_number_is_off_by_at_most_half_a_step_of_its_row(rows: list[list[float]]) -> None:
    vectors = numpy.array(rows, dtype="f4")
    largest = numpy.abs(vectors).max(axis=1, keepdims=True)
    back = quantised(vectors).astype("f8") * largest / 127
    assert (numpy.abs(back - vectors) <= largest / 254 * 1.001 + 1e-30).all()


def test_cosines_of_quantised_rows_are_those_of_the_rows_but_for_a_hundredth() -> None:
    vectors = numpy.random.default_rng(3).standard_normal((20_000, 64)).astype("f4")
    vectors[7] = 0
    asked = vectors[11] + vectors[12]
    exact = vectors @ asked / numpy.maximum(numpy.linalg.norm(vectors, axis=1) * numpy.linalg.norm(asked), 1e-9)
    found = Matrix.of(quantised(vectors)).cosines(asked)
    assert numpy.abs(found - exact).max() < 0.01
    assert found[7] == 0
    assert not Matrix.of(quantised(vectors)).cosines(numpy.zeros(64, dtype="f4")).any()


# --- the fitted embedder --------------------------------------------------------------------------------------------


def test_the_same_corpus_makes_the_same_basis_and_vectors_in_another_process() -> None:
    program = (
        "import hashlib, test_index_embedding as here; one = here.FittedEmbedder(here.corpus_basis());"
        "print(one.name, hashlib.sha256(one.embed(here.QUERIES).tobytes()).hexdigest())"
    )
    paths = f"import sys; sys.path[:0] = {[str(Path(__file__).parent), *sys.path]!r}; "
    asked = [
        subprocess.run([sys.executable, "-c", paths + program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert asked[0] == asked[1]
    assert asked[0].startswith(FittedEmbedder(corpus_basis()).name)


def test_words_that_stand_together_are_near_though_they_are_others() -> None:
    lines = (
        "engine gearbox piston",
        "flute violin oboe",
        "bread flour oven",
        "judge court appeal",
        "goal referee foul",
    )
    texts = {f"{line[0]}{n}.md": f"the {line}\n" for line in lines for n in range(12)}
    packed = fit(unpack(terms_of_file(path, text, parse(path, text.encode()))) for path, text in texts.items())
    engine, piston, oboe = FittedEmbedder(packed).embed(["engine", "piston", "oboe"])
    assert engine @ piston > 10 * abs(engine @ oboe)


def test_nothing_to_fit_to_makes_an_embedder_that_says_nothing() -> None:
    empty = FittedEmbedder(fit([]))
    assert not vectors_of(empty, ["some text"]).any()


@pytest.mark.parametrize("bad", [b"", b"\0" * 11, b"\xff" * 40, corpus_basis()[:-1]])
def test_a_damaged_basis_is_refused(bad: bytes) -> None:
    with pytest.raises(ValueError, match="basis"):
        FittedEmbedder(bad)


def test_the_basis_is_due_once_a_fifth_of_the_texts_are_others() -> None:
    then = numpy.arange(100, dtype="u4")
    assert not is_due(then, then)
    assert not is_due(then, numpy.arange(119, dtype="u4"))
    assert is_due(then, numpy.arange(120, dtype="u4"))
    assert is_due(then, numpy.arange(80, dtype="u4"))
    assert not is_due(then, numpy.arange(15, 115, dtype="u4"))


def test_a_basis_is_kept_until_a_fifth_has_changed_and_its_vectors_go_with_it(tmp_path: Path) -> None:
    texts = {f"m{n}.py": f"def load_{n}(path):\n    return open_table(path, 'number{n}')\n" for n in range(30)}
    choice = chosen("fitted")
    assert choice is not None
    with Index.open(write(tmp_path / "tree", texts), tmp_path / "index.db") as index:
        index.update()
        first = Likeness(index, choice).fill()
        assert (first.vectors, first.made) == (30, 30)
        write(index.root, {"m0.py": "def save(path):\n    return close_table(path)\n"})
        index.update()
        second = Likeness(index, choice).fill()
        assert (second.embedder, second.made) == (first.embedder, 1)
        write(index.root, {f"n{n}.py": f"def draw_{n}(line):\n    return paint(line, {n})\n" for n in range(10)})
        index.update()
        third = Likeness(index, choice).fill()
        assert third.embedder != first.embedder
        assert (third.made, third.vectors) == (40, 40)
        assert not list(Vectors(index).known(first.embedder))


def test_a_damaged_basis_is_made_anew_and_an_empty_tree_has_none(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    choice = chosen("fitted")
    assert choice is not None
    with Index.open(root, tmp_path / "index.db") as index:
        index.update()
        assert Likeness(index, choice).fill().chunks == 0
        assert Search.by_name(index, "fitted").ask("cookies").hits == ()
        write(root, TEXTS)
        index.update()
        first = Likeness(index, choice).fill()
        index.connection.execute("UPDATE vector_basis SET packed = X'00'")
        assert Likeness(index, choice).fill() == replace(first, made=0)


def test_vectors_of_texts_that_went_are_forgotten_once_they_are_many(
    index: Index,
) -> None:
    embedder = ScriptedEmbedder()
    likeness(index, embedder).fill()
    for path in list(TEXTS)[:-1]:
        (index.root / path).unlink()
    index.update()
    filled = likeness(index, embedder, spare=0).fill()
    assert len(list(Vectors(index).known("scripted"))) == filled.vectors == 1


# --- by content -----------------------------------------------------------------------------------------------------


def test_a_renamed_file_and_a_branch_that_comes_back_need_no_new_vectors(tmp_path: Path) -> None:
    root = repository(tmp_path / "tree", TEXTS)
    embedder = ScriptedEmbedder()
    with Index.open(root, tmp_path / "index.db") as index:
        index.update()
        filled = likeness(index, embedder).fill()
        assert filled.made == len(embedder.asked) == filled.chunks > 8
        (root / "app/cookies.py").rename(root / "app/biscuits.py")
        index.update()
        assert likeness(index, embedder).fill().made == 0
        git(root, "checkout", "-qb", "other")
        write(root, {"app/dates.py": "def tomorrow():\n    return 1\n"})
        git(root, "add", "-A")
        git(root, "commit", "-qm", "Change")
        index.update()
        assert likeness(index, embedder).fill().made == 1
        git(root, "checkout", "-q", "main")
        index.update()
        again = likeness(index, embedder).fill()
        assert (again.made, again.vectors) == (0, again.chunks)


def test_vectors_of_one_embedder_are_never_taken_for_another_s(index: Index) -> None:
    first, second = ScriptedEmbedder(dimensions=8), ScriptedEmbedder(dimensions=8)
    second.name = "another"
    assert likeness(index, first).fill().made == likeness(index, second).fill().made > 0


def test_a_view_that_stays_follows_edits(index: Index) -> None:
    search = Search(index, ON, likeness(index, ScriptedEmbedder({"cookie": [1, 0], "whale": [0, 1]})))
    assert "app/new.py" not in [hit.path for hit in search.ask("whale").hits]
    write(index.root, {"app/new.py": "def sing():\n    return 'whale'\n"})
    index.update()
    assert search.ask("whale").hits[0].path == "app/new.py"


def test_what_a_budget_leaves_out_is_told_and_made_later(index: Index) -> None:
    embedder = ScriptedEmbedder()
    view = likeness(index, embedder, budget=-1.0)
    page = Search(index, ON, view).ask("cookies")
    assert page.hits
    assert "only 0 of" in page.state.notes[0]
    assert likeness(index, embedder).fill().made > 8
    assert Search(index, ON, likeness(index, embedder)).ask("cookies").state.notes == ()


def test_what_was_made_before_a_failure_is_kept(tmp_path: Path) -> None:
    texts = {f"m{n}.py": f"def load_{n}(path):\n    return {n}\n" for n in range(70)}
    with Index.open(write(tmp_path / "tree", texts), tmp_path / "index.db") as index:
        index.update()
        with pytest.raises(EmbedderFailed):
            likeness(index, ChaosEmbedder("fails", after=1)).fill()
        assert len(list(Vectors(index).known("chaos-fails"))) == 32


# --- ranking --------------------------------------------------------------------------------------------------------


def told(search: Search) -> list[object]:
    return [search.ask(query).as_json() for query in QUERIES]


def test_off_by_default_and_then_nothing_is_other_than_without(index: Index) -> None:
    plain = told(Search(index))
    assert told(Search.by_name(index, "off")) == plain
    embedder = ScriptedEmbedder()
    assert told(Search(index, Settings(), likeness(index, embedder))) == plain
    assert embedder.asked == []
    assert not Vectors(index).is_made
    likeness(index, embedder).fill()
    assert told(Search(index)) == plain


def test_vectors_find_what_no_word_leads_to(index: Index) -> None:
    script = {"CookieJar": [1.0, 0.0], "biscuit tin": [1.0, 0.0], "Evict": [0.0, 1.0]}
    assert not Search(index).ask("biscuit tin").hits
    page = Search(index, ON, likeness(index, ScriptedEmbedder(script))).ask("biscuit tin")
    assert page.hits[0].path in {"app/cookies.py", "app/server.py"}
    assert "lib/cache.go" not in [hit.path for hit in page.hits]


def test_searching_with_the_fitted_embedder_is_the_same_twice(index: Index) -> None:
    assert told(Search.by_name(index, "fitted")) == told(Search.by_name(index, "fitted"))


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("after", [0, 1])
def test_search_goes_on_without_vectors_and_says_so(index: Index, fault: Fault, after: int) -> None:
    plain = Search(index).ask("where are cookies stored")
    broken = Search(index, ON, likeness(index, ChaosEmbedder(fault, after=after), seconds=0.3))
    page = broken.ask("where are cookies stored")
    assert page.hits == plain.hits
    assert page.state.notes[0].startswith(f"searched without vectors: embedder chaos-{fault}")
    again = broken.ask("where are cookies stored")
    assert (again.hits, again.state.notes) == (plain.hits, page.state.notes)


def test_an_embedder_that_is_not_there_is_told_with_those_that_are() -> None:
    for name in ("", "best", "static:", "static:/nowhere/at/all", "chaos:weather", "https://host/v1"):
        with pytest.raises(BadEmbedder):
            chosen(name)
    assert chosen("off") is None


def test_a_transformer_without_its_library_is_told_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(BadEmbedder, match="sentence-transformers is not installed"):
        chosen("transformer:some/model")


# --- a static model -------------------------------------------------------------------------------------------------


def static(folder: Path, words: Sequence[str], rows: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "vocabulary.txt").write_text("".join(f"{word}\n" for word in words))
    numpy.save(folder / "vectors.npy", rows)
    return folder


def test_a_static_model_is_the_mean_of_its_words(tmp_path: Path) -> None:
    folder = static(tmp_path / "model", ["cookie", "jar", "Evict"], numpy.array([[1, 0], [0, 1], [-1, 0]], "f2"))
    model = StaticEmbedder(folder)
    assert model.embed(["CookieJar", "Evict JAR", "nothing"]).tolist() == [[0.5, 0.5], [-0.5, 0.5], [0, 0]]
    assert StaticEmbedder(folder).name == model.name
    static(folder, ["cookie", "jar", "Evict"], numpy.array([[1, 0], [0, 1], [-1, 1]], "f2"))
    assert StaticEmbedder(folder).name != model.name


@pytest.mark.parametrize(
    "rows", [numpy.zeros((2, 3)), numpy.zeros(3), numpy.array([{}, {}, {}], dtype=object), numpy.zeros((3, 0))]
)
def test_a_static_model_that_is_none_is_refused(tmp_path: Path, rows: object) -> None:
    with pytest.raises(BadEmbedder, match=r"vectors\.npy"):
        StaticEmbedder(static(tmp_path / "model", ["a", "b", "c"], rows))
