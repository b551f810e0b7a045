"""A second reader of logs and receipts, written from the C2SP and RFC 9162 texts alone.

It shares no code with Waypost: it imports nothing of it, and works the other way round where there is a choice
(recursion by the RFC's definition, the RFC's bit-shifting verifier, its own parser).
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey


def mth(data: list[bytes]) -> bytes:
    """RFC 6962, section 2.1."""
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(bytes([0]) + data[0]).digest()
    k = 2 ** ((len(data) - 1).bit_length() - 1)
    return hashlib.sha256(bytes([1]) + mth(data[:k]) + mth(data[k:])).digest()


def key(vkey: str) -> tuple[str, bytes, int, bytes]:
    name, key_id, rest = vkey.split("+", 2)
    material = base64.b64decode(rest)
    expected = hashlib.sha256(f"{name}\n".encode() + material).digest()[:4]
    assert expected == bytes.fromhex(key_id)
    return name, expected, material[0], material[1:]


def signed_by(note: bytes, vkey: str) -> str | None:
    """The text of a note, where the key signed it."""
    name, key_id, kind, public = key(vkey)
    cut = note.rindex(b"\n\n")
    text, lines = note[: cut + 1], note[cut + 2 :].splitlines()
    for line in lines:
        dash, signer, blob = line.decode().split(" ")
        raw = base64.b64decode(blob)
        if dash == "\u2014" and signer == name and raw[:4] == key_id:
            if kind == 1:
                Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], text)
            elif kind == 4:
                stamp = f"cosignature/v1\ntime {int.from_bytes(raw[4:12], 'big')}\n"
                Ed25519PublicKey.from_public_bytes(public).verify(raw[12:], stamp.encode() + text)
            else:
                assert kind == 6
                origin, size, tree_root = text.decode().split("\n")[:3]
                message = struct.pack(">12sB", b"subtree/v1\n\0", len(name)) + name.encode() + raw[4:12]
                message += struct.pack(">B", len(origin)) + origin.encode() + struct.pack(">QQ", 0, int(size))
                MLDSA44PublicKey.from_public_bytes(public).verify(raw[12:], message + base64.b64decode(tree_root))
            return text.decode()
    return None


def head(note: bytes, vkey: str) -> tuple[str, int, bytes]:
    text = signed_by(note, vkey)
    assert text is not None
    origin, size, tree_root = text.split("\n")[:3]
    return origin, int(size), base64.b64decode(tree_root)


def seen_at(note: bytes, vkey: str) -> int:
    """When the cosigner says that it saw the checkpoint, in seconds since 1970; its signature is checked."""
    name, key_id, _, _ = key(vkey)
    assert signed_by(note, vkey) is not None
    for line in note.decode().split("\n\n")[-1].splitlines():
        _, signer, blob = line.split(" ")
        raw = base64.b64decode(blob)
        if signer == name and raw[:4] == key_id:
            return int.from_bytes(raw[4:12], "big")
    raise AssertionError


def is_consistent(first: int, second: int, path: list[bytes], first_root: bytes, second_root: bytes) -> bool:
    """RFC 9162, section 2.1.4.2."""
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path
    if not path:
        return False
    path = [first_root, *path] if first & (first - 1) == 0 else path
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr = hashlib.sha256(bytes([1]) + c + fr).digest()
            sr = hashlib.sha256(bytes([1]) + c + sr).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = hashlib.sha256(bytes([1]) + sr + c).digest()
        fn, sn = fn >> 1, sn >> 1
    return fr == first_root and sr == second_root and sn == 0


def name_of(number: int) -> str:
    """Zero-padded groups of three digits, `x` before all but the last."""
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03d}")
    return "/".join(groups)


def entries_of(folder: Path, size: int) -> list[bytes]:
    """All entries of a log of this size."""
    data: list[bytes] = []
    for number in range(-(-size // 256)):
        count = min(256, size - 256 * number)
        suffix = f".p/{count}" if count < 256 else ""
        bundle = (folder / "tile" / "entries" / f"{name_of(number)}{suffix}").read_bytes()
        for _ in range(count):
            length = int.from_bytes(bundle[:2], "big")
            data.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
        assert not bundle
    return data


def verify_log(folder: Path, vkey: str) -> int:
    """Reads all entries, and compares every tile that tlog-tiles asks for with its definition; the log's size."""
    _, size, tree_root = head((folder / "checkpoint").read_bytes(), vkey)
    data = entries_of(folder, size)
    assert mth(data) == tree_root
    level = 0
    while size // 256**level:
        span, whole = 256**level, size // 256**level
        for number in range(-(-whole // 256)):
            count = min(256, whole - 256 * number)
            suffix = f".p/{count}" if count < 256 else ""
            starts = range(number * 256 * span, (number * 256 + count) * span, span)
            expected = b"".join(mth(data[start : start + span]) for start in starts)
            assert (folder / "tile" / str(level) / f"{name_of(number)}{suffix}").read_bytes() == expected
        level += 1
    return size


def verify_path(data: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.3.2: the root that a path leads to."""
    fn, sn = index, size - 1
    assert fn <= sn
    r = hashlib.sha256(bytes([0]) + data).digest()
    for p in path:
        assert sn != 0
        if fn & 1 or fn == sn:
            r = hashlib.sha256(bytes([1]) + p + r).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = hashlib.sha256(bytes([1]) + r + p).digest()
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return r


def verify_receipt(text: bytes, entry: bytes, vkey: str) -> int:
    """tlog-proof; the entry's index."""
    top, note = text.split(b"\n\n", 1)
    lines = top.decode().split("\n")
    assert lines.pop(0) == "c2sp.org/tlog-proof@v1"
    if lines[0].startswith("extra "):
        lines.pop(0)
    word, index = lines.pop(0).split(" ")
    assert word == "index"
    _, size, tree_root = head(note, vkey)
    assert verify_path(entry, int(index), size, [base64.b64decode(line) for line in lines]) == tree_root
    return int(index)


def token_of(text: bytes, vkey: str) -> tuple[dict[str, object], int, bytes]:
    """Waypost's own part of a receipt: its event's header, the token's number, and the text that it discloses."""
    line = next(line for line in text.split(b"\n") if line.startswith(b"extra "))
    extra = base64.b64decode(line[6:])
    assert extra[0] == 1
    length = int.from_bytes(extra[1:3], "big")
    entry, rest = extra[3 : 3 + length], extra[3 + length :]
    verify_receipt(text, entry, vkey)
    fields = json.loads(entry)
    index, levels, disclosed = int.from_bytes(rest[:4], "big"), rest[4], rest[5]
    path = [rest[6 + 32 * n : 38 + 32 * n] for n in range(levels)]
    leaf, opened = rest[6 + 32 * levels : 59 + 32 * levels], rest[59 + 32 * levels :]
    assert disclosed
    assert leaf[21:] == hashlib.sha256(opened).digest()
    assert verify_path(leaf, index, fields["tokens"]["count"], path) == bytes.fromhex(fields["tokens"]["root"])
    return fields, index, opened[16:]
