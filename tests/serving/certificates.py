"""Certificates made for a test: an authority of its own, and what it signed."""

import dataclasses
import subprocess
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Pair:
    """A private key and the certificate of its public half, both PEM files."""

    key: Path
    certificate: Path


def authority(folder: Path) -> Pair:
    """One that signs itself."""
    pair = Pair(folder / "ca.key", folder / "ca.crt")
    _openssl("req", "-x509", *_new_key(pair.key), "-out", pair.certificate, "-days", "2", "-subj", "/CN=test authority")
    return pair


def signed(folder: Path, name: str, by: Pair) -> Pair:
    """A pair for `localhost`, signed by an authority."""
    pair, request = Pair(folder / f"{name}.key", folder / f"{name}.crt"), folder / f"{name}.csr"
    extensions = folder / "extensions"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    _openssl("req", *_new_key(pair.key), "-out", request, "-subj", "/CN=localhost")
    arguments = ["-CA", by.certificate, "-CAkey", by.key, "-CAcreateserial", "-days", "2", "-extfile", extensions]
    _openssl("x509", "-req", "-in", request, "-out", pair.certificate, *arguments)
    return pair


def _new_key(path: Path) -> list[object]:
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path]


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
