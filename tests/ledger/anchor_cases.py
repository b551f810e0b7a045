"""A witness and a time-stamp authority on loopback, which share no code with what is tested; and ill-behaved ones."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from independent import head, is_consistent, signed_by

HAS_OPENSSL = shutil.which("openssl") is not None or bool(os.environ.get("WAYPOST_REQUIRE_ALL"))
Reply = tuple[int, str, bytes]
Handler = Callable[[str, str, bytes], Reply]
"""Path, media type and body of a request to the answer's status, media type and body."""


@contextmanager
def served(handler: Handler) -> Iterator[str]:
    """The address at which the handler answers."""

    class Requests(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, kind, said = handler(self.path, self.headers["content-type"], body)
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Clients that went away are part of the tests."""

    server = Server(("127.0.0.1", 0), Requests)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


# --- a witness -------------------------------------------------------------------------------------------------------


@dataclass
class WitnessServer:
    """C2SP tlog-witness, written from its text. `logs` are the verifier keys that it takes."""

    logs: list[str] = field(default_factory=list)
    name: str = "witness.example/w1"
    seen: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    secret: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def key_id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n\x04" + self.public).digest()[:4]

    @property
    def public(self) -> bytes:
        return self.secret.public_key().public_bytes_raw()

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([4]) + self.public).decode()}"

    def __call__(self, path: str, kind: str, body: bytes) -> Reply:
        self.bodies.append(body)
        if path != "/add-checkpoint":
            return 404, "text/plain", b""
        top, note = body.split(b"\n\n", 1)
        word, *proof = top.decode().split("\n")
        old = int(word.removeprefix("old "))
        log = next((one for one in self.logs if note.decode().startswith(one.partition("+")[0] + "\n")), None)
        if log is None:
            return 404, "text/plain", b""
        try:
            if signed_by(note, log) is None:
                return 403, "text/plain", b""
        except InvalidSignature:
            return 403, "text/plain", b""
        origin, size, root = head(note, log)
        last, last_root = self.seen.get(origin, (0, hashlib.sha256(b"").digest()))
        if old > size:
            return 400, "text/plain", b""
        if old != last:
            return 409, "text/x.tlog.size", f"{last}\n".encode()
        if not is_consistent(old, size, [base64.b64decode(one) for one in proof], last_root, root):
            return 422, "text/plain", b""
        self.seen[origin] = size, root
        return 200, "text/plain", self.line(note)

    def line(self, note: bytes, seconds: int | None = None) -> bytes:
        """A cosignature of this note."""
        seconds = int(time.time()) if seconds is None else seconds
        text = note[: note.rindex(b"\n\n") + 1]
        signature = self.secret.sign(f"cosignature/v1\ntime {seconds}\n".encode() + text)
        blob = base64.b64encode(self.key_id + seconds.to_bytes(8, "big") + signature)
        return f"\u2014 {self.name} ".encode() + blob + b"\n"


# --- a time-stamp authority ------------------------------------------------------------------------------------------

CONFIGURATION = """
[tsa]
default_tsa = this
[this]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
tsa_name = yes
"""
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
TIME_STAMPING = (ExtendedKeyUsageOID.TIME_STAMPING,)


@dataclass
class Certified:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


def certified(
    name: str,
    issuer: Certified | None = None,
    usages: tuple[x509.ObjectIdentifier, ...] = (),
    *,
    critical: bool = True,
    authority: bool = True,
    days: int = 30,
    key: Key | None = None,
) -> Certified:
    """A certificate that was valid from yesterday on."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.now(UTC) - timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(days=10))
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=critical)
    return Certified(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


@dataclass
class Tsa:
    """`openssl ts` as an authority. `chain` are certificates that it sends along."""

    folder: Path
    signer: Certified
    chain: tuple[Certified, ...] = ()
    digest: str = "sha256"
    ess: str = "sha256"
    queries: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        secret = self.signer.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (self.folder / "signer.key").write_bytes(secret)
        (self.folder / "signer.pem").write_text(self.signer.pem)
        (self.folder / "chain.pem").write_text("".join(one.pem for one in self.chain))
        text = CONFIGURATION.format(folder=self.folder, digest=self.digest, ess=self.ess)
        (self.folder / "tsa.cnf").write_text(text)

    def __call__(self, path: str, kind: str, body: bytes) -> Reply:
        assert kind == "application/timestamp-query"
        self.queries.append(body)
        return 200, "application/timestamp-reply", self.stamp(body)

    def stamp(self, query: bytes) -> bytes:
        """The answer to a query."""
        asked, said = self.folder / "query", self.folder / "reply"
        asked.write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", str(self.folder / "tsa.cnf"), "-queryfile", str(asked)]
        more = ["-chain", str(self.folder / "chain.pem")] if self.chain else []
        subprocess.run([*command, "-out", str(said), *more], check=True, capture_output=True, cwd=self.folder)
        return said.read_bytes()


def openssl_verifies(folder: Path, data: bytes, response: bytes, root: Certified, chain: tuple[Certified, ...]) -> bool:
    """What OpenSSL says of an answer."""
    (folder / "data").write_bytes(data)
    (folder / "response").write_bytes(response)
    (folder / "root.pem").write_text(root.pem)
    (folder / "others.pem").write_text("".join(one.pem for one in chain) or root.pem)
    command = ["openssl", "ts", "-verify", "-data", "data", "-in", "response", "-CAfile", "root.pem"]
    ended = subprocess.run([*command, "-untrusted", "others.pem"], capture_output=True, cwd=folder, check=False)
    return ended.returncode == 0
