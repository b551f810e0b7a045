"""Lab version."""

from __future__ import annotations

import functools
import math
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

import numpy

from waypost.index.corpus import Corpus
from waypost.index.postings import Postings
from waypost.index.query import Query
from waypost.index.terms import parts, tokens

TESTS = re.compile(
    r"(^|/)(tests?|__tests__|testing|testdata|specs?|fixtures|benches|benchmarks?|examples?|samples?)/"
    r"|(^|/)(test_[^/]*|conftest\.py)$|[._-](test|spec)s?\.\w+$|Tests?\.(java|cs|kt|scala|swift|php)$",
)
PROSE = frozenset("markdown json yaml toml text rst html css sql xml ini unknown".split())


@dataclass(frozen=True)
class Settings:
    k1: float = 1.2
    b: float = 0.75
    name: float = 3.0
    around: float = 3.0
    window: float = 0.7
    nu: float = 0.4
    soft_body: float = 0.5
    soft_name: float = 0.7
    general: float = 1.0
    file_b: float = 0.75
    decay: float = 0.45
    top: int = 5
    shortest: float = 0.0  # tokens added to each chunk's length
    file_k1: float = 1.2


SUFFIXES = sorted("ation ations ator ion ions er ers or ors able ible ment ments iz izer ization ize al ive ity ness ly ance ence ant ent ur ure ic y ies e ing ed s es ers is".split(), key=len, reverse=True)
GENERAL = frozenset("implement implementation handl handler mechanism logic intern work defin definition support featur help helper utility util function method class modul code fil operation differ various general bas system process perform provid proper".split())


@functools.lru_cache(maxsize=100000)
def root(word):
    for x in SUFFIXES:
        if word.endswith(x) and len(word) - len(x) >= 4:
            return root(word[: -len(x)])
    return word


def soft(word, term):
    """Whether two stemmed words are of one root, or one abbreviates the other (names only)."""
    if root(word) == root(term):
        return 1
    if len(term) >= 4 and word.startswith(term) or len(word) >= 4 and term.startswith(word) and len(term) - len(word) <= 4:
        return 2
    return 0


def variants(corpus, word):
    """(body variants, name variants)"""
    r = root(word)
    if len(r) < 4 or not word.isalpha():
        return [], []
    body, name = [], []
    for t in corpus.beginning(r[:4], 4000):
        if t == word or not t.isalpha():
            continue
        k = soft(word, t)
        if k == 1: body.append(t)
        if k: name.append(t)
    return body, name


def VARIANTS(corpus, word, s):
    memo = corpus.__dict__.setdefault("memo", {})
    if word not in memo: memo[word] = variants(corpus, word)
    return memo[word]


def merged(corpus, terms, factor):
    """postings union with the highest weight"""
    d = []; c = []
    for i, t in enumerate(terms):
        p = corpus.find(t)
        d.append(p.documents); c.append(p.counts if i == 0 else p.counts * factor)
    d = numpy.concatenate(d); c = numpy.concatenate(c)
    if len(terms) == 1: return d, c
    u, inv = numpy.unique(d, return_inverse=True)
    m = numpy.zeros(len(u), dtype="f4"); numpy.add.at(m, inv, c)
    return u, m


def chunk_scores(corpus, query, s):
    docs = corpus.documents
    n = len(docs.lengths)
    scores = numpy.zeros(n, dtype="f4")
    files_n = int(docs.files.max()) + 1 if n else 0
    file_scores = numpy.zeros(files_n, dtype="f4")
    cover = numpy.zeros(files_n, dtype="f4")
    named = numpy.zeros(n, dtype="f4")
    stem = numpy.zeros(files_n, dtype="f4"); folder = numpy.zeros(files_n, dtype="f4")
    stem_n = numpy.zeros(files_n, dtype="f4")
    norm = 1 - s.b + s.b * (docs.lengths + s.shortest) / (docs.average + s.shortest)
    alive = docs.files >= 0
    flen = numpy.bincount(docs.files[alive], weights=docs.lengths[alive], minlength=files_n)
    nfiles = max(1, (flen > 0).sum())
    fnorm = 1 - s.file_b + s.file_b * flen / (flen.sum() / nfiles)
    total = max(docs.total, 1)
    tmp = numpy.zeros(n, dtype="f4")
    idfs = {}
    for term, weight in query.weights.items():
        vb, vn = VARIANTS(corpus, term, s) if term in query.asked and (s.soft_body or s.soft_name) and query.shape not in ("name", "report") else ([], [])
        body = Postings(*merged(corpus, [term, *vb] if s.soft_body else [term], s.soft_body))
        own = Postings(*merged(corpus, [term + ":n", *(v + ":n" for v in vn)] if s.soft_name else [term+":n"], s.soft_name))
        own = Postings(own.documents, numpy.minimum(own.counts, 1))
        around = corpus.find(term + ":q")
        if len(body) + len(own) == 0 and term not in query.asked:
            continue
        if term in GENERAL and query.shape != "name": weight = weight * s.general
        tmp[body.documents] = body.counts / norm[body.documents]
        tmp[own.documents] += s.name * own.counts
        if s.around: tmp[around.documents] += s.around
        hit = numpy.union1d(numpy.union1d(body.documents, own.documents), around.documents) if s.around else numpy.union1d(body.documents, own.documents)
        df = len(body) or len(own)
        idf = math.log((total - df + 0.5) / (df + 0.5) + 1)
        idfs[term] = idf * (s.general if term in GENERAL else 1)
        tf = tmp[hit]
        scores[hit] += weight * idf * tf * (s.k1 + 1) / (tf + s.k1)
        tmp[hit] = 0
        ff = numpy.bincount(docs.files[body.documents], weights=body.counts, minlength=files_n) + s.name*numpy.bincount(docs.files[own.documents], minlength=files_n)
        fdf = (ff > 0).sum()
        fidf = math.log((nfiles - fdf + 0.5) / (fdf + 0.5) + 1)
        ff = ff / fnorm
        file_scores += weight * fidf * ff * (s.file_k1 + 1) / (ff + s.file_k1)
        cover += weight * fidf * (ff > 0)
        if term in query.asked:
            named[own.documents] += idf * own.counts
    pidf = {}
    for term in query.asked:
        vb, vn = VARIANTS(corpus, term, s) if s.soft_name and query.shape not in ("name", "report") else ([], [])
        st = Postings(*merged(corpus, [term + ":s", *(v + ":s" for v in vn)], s.soft_name)); fo = Postings(*merged(corpus, [term + ":p", *(v + ":p" for v in vn)], s.soft_name))
        df = len(st) + len(fo)
        w = math.log(1 + nfiles / (df + 1)); pidf[term] = w
        w *= s.general if term in GENERAL else 1; pidf[term] = w
        sw = numpy.minimum(st.counts, 1); stem[docs.files[st.documents]] += w * sw; stem_n[docs.files[st.documents]] += sw
        folder[docs.files[fo.documents]] += w * numpy.minimum(fo.counts, 1)
    return scores, file_scores, cover, named, stem, stem_n, folder, idfs, pidf


FEATURES = ("best", "decayed", "file", "cover", "stem", "folder", "exact", "exact_name", "named", "mention", "module", "frame", "whole_stem")


@dataclass
class Candidates:
    files: list
    matrix: numpy.ndarray
    tests: numpy.ndarray
    prose: numpy.ndarray
    tops: dict  # file -> [(score, document)]
    exact: dict  # file -> (weight, symbol)
    chunk_max: float = 0


def features(corpus: Corpus, query: Query, s: Settings) -> Candidates:
    docs = corpus.documents
    scores, file_scores, cover, named, stem, stem_n, folder, idfs, pidf = chunk_scores(corpus, query, s)
    hit = numpy.flatnonzero(scores > 0)
    limit = 3000
    if len(hit) > limit:
        hit = hit[numpy.argpartition(-scores[hit], limit)[:limit]]
    hit = hit[numpy.argsort(-scores[hit], kind="stable")]
    best0 = float(scores[hit[0]]) if len(hit) else 1.0
    nasked = sum(idfs.get(t, 3.0) for t in query.asked) or 1.0
    fm = float(file_scores.max()) if len(file_scores) else 0
    namedness = {}
    for d in hit[:600].tolist():
        c = corpus.chunk(d)
        pen = 1.0
        if c.kind == "window" or not c.name:
            pen = s.window
        scores[d] *= pen
        if named[d] > 0:
            words = set(parts_of_name(c.name))
            m = {}
            for w in words:
                for a in query.asked:
                    if w == a: m[a] = 1.0; break
                    if s.soft_name and query.shape != "name" and soft(a, w): m[a] = max(m.get(a, 0), s.soft_name)
            if m:
                v = min(1.0, sum(m.values()) / len(words)) * math.sqrt(min(1.0, sum(idfs.get(w, 3.0) * x for w, x in m.items()) / nasked))
                namedness[d] = v
                scores[d] += s.nu * best0 * v
    scores[hit[600:]] *= s.window
    hit = hit[numpy.argsort(-scores[hit], kind="stable")]
    tops = defaultdict(list)
    for d, f, sc in zip(hit.tolist(), docs.files[hit].tolist(), scores[hit].tolist()):
        if len(tops[f]) < 20:
            tops[f].append((sc, d))
    cand = set(tops)
    cand.update(numpy.flatnonzero(stem > 0).tolist())
    rows = defaultdict(lambda: dict.fromkeys(FEATURES, 0.0))
    best = max((t[0][0] for t in tops.values()), default=1.0) or 1.0
    fbest = float(file_scores.max()) if len(file_scores) else 1.0
    fbest = fbest or 1.0
    cbest = sum(idfs[t] * 0 + 0 for t in idfs) or float(cover.max() if len(cover) else 1) or 1.0
    asked_total = sum(pidf.values()) or 1.0
    decay = [s.decay**i for i in range(s.top)]
    for f in cand:
        r = rows[f]
        t = tops.get(f, ())
        if t:
            r["best"] = t[0][0] / best
            r["decayed"] = sum(a * b[0] for a, b in zip(decay, t))
        r["file"] = float(file_scores[f]) / fbest
        r["cover"] = float(cover[f]) / cbest
        path = corpus.path(f)
        if stem[f] > 0:
            words = set(stem_words(path))
            p = stem_n[f] / max(1, len(words)) if words else 0
            rec = min(1.0, stem[f] / asked_total)
            r["stem"] = min(1.0, float(p)) * math.sqrt(rec)
            r["whole_stem"] = float(p >= 0.99) * math.sqrt(rec)
        r["folder"] = float(min(1.0, (stem[f] + folder[f]) / asked_total))
        for sc, d in t:
            r["named"] = max(r["named"], namedness.get(d, 0.0))
    dmax = max((r["decayed"] for r in rows.values()), default=1.0) or 1.0
    for r in rows.values():
        r["decayed"] /= dmax
    exact = {}
    for name, weight in query.names.items():
        found = corpus.definitions(name)
        if not found:
            continue
        live = [d for d in found if query.tests or not TESTS.search(corpus.path(d.file))] or found
        strong = [d for d in live if d.symbol.kind not in ("field", "variable", "constant", "import", "key")] or live
        spread = len({d.file for d in strong})
        for d in strong:
            words = frozenset(parts(name))
            same = words == frozenset(stem_words(corpus.path(d.file)))
            key = "exact_name" if same else "exact"
            v = weight / spread**0.5 if query.shape != "report" else weight / spread**0.75
            rows[d.file]["exact"] += v
            if same: rows[d.file]["exact_name"] += v
            rank = (weight, d.symbol.kind in ("class", "interface", "struct", "trait", "enum", "type"), not d.symbol.parent >= 0, d.symbol.end_line - d.symbol.start_line)
            if d.file not in exact or rank > exact[d.file][0]:
                exact[d.file] = (rank, d.symbol)
    for f in rows:
        rows[f]["exact"] = min(rows[f]["exact"], 3.0)
    for p in query.paths:
        fs = corpus.files_ending(p)
        for f in fs[:5]:
            if PurePosixPath(corpus.path(f)).name in ("__init__.py", "setup.py") and "/" not in p: continue
            rows[f]["mention"] = max(rows[f]["mention"], 1 / len(fs))
    for fr in query.frames:
        bits = fr.path.split("/")
        for i in range(len(bits)):
            fs = corpus.files_ending("/".join(bits[i:]))
            if fs:
                if len(fs) == 1: rows[fs[0]]["frame"] = 1
                break
    for m in query.modules:
        bits = m.split(".")
        for cut in range(len(bits), 1, -1):
            fs = corpus.files_ending("/".join(bits[:cut]) + ".py") or corpus.files_ending("/".join(bits[:cut]) + "/__init__.py")
            if fs:
                if len(fs)<=2: rows[fs[0]]["module"] = 1.0
                break
    files = sorted(rows)
    for f in files:
        if f not in tops:
            tops[f] = []
    matrix = numpy.array([[rows[f][k] for k in FEATURES] for f in files], dtype="f8").reshape(-1, len(FEATURES))
    tests = numpy.array([bool(TESTS.search(corpus.path(f))) and not query.tests for f in files], dtype=bool)
    prose = numpy.array([corpus.language(f) in PROSE for f in files], dtype=bool)
    return Candidates(files, matrix, tests, prose, {f: tops[f] for f in files}, exact, best)


def stem_words(path):
    head = PurePosixPath(path).name.lstrip(".").partition(".")[0]
    return [w for t in tokens(head) for w in parts(t)]


def parts_of_name(name):
    return [w for t in tokens(name.rpartition(".")[2]) for w in parts(t)]
