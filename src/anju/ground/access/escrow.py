"""Identities under seal: encrypted with a key that lies beside the database, never in it.

A reporter's name and telephone are kept as sealed bytes; only an act that is journalled opens them. To know the same
caller again without opening anything, a keyed fingerprint is compared. Whoever steals the database has neither.

The key is ANJU_ESCROW_KEY (64 hexadecimal digits) or the file DATA_DIR/escrow_key, made at first use with mode 0600.
It belongs into the backup of secrets, apart from the backup of the database: without it the seals stay shut for ever.
"""

import hashlib
import hmac
import json
import os
import secrets
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext as _

from anju.ground.foundation.refusals import Refusal

KEY_BYTES = 32
NONCE_BYTES = 12
# Written before the nonce, so that a later cipher (SM4) can stand beside this one.
FORM = b"\x01"


def seal(content: dict[str, Any]) -> bytes:
    """Encrypt a small JSON object (AES-256-GCM): form byte, nonce, ciphertext with its tag."""
    plain = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
    nonce = secrets.token_bytes(NONCE_BYTES)
    return FORM + nonce + AESGCM(_key("seal")).encrypt(nonce, plain, FORM)


def unseal(sealed: bytes | memoryview) -> dict[str, Any]:
    """Decrypt what `seal` made; raises Refusal when the key is another one or the bytes were changed."""
    raw = bytes(sealed)
    try:
        if raw[:1] != FORM:
            raise InvalidTag
        plain = AESGCM(_key("seal")).decrypt(raw[1 : 1 + NONCE_BYTES], raw[1 + NONCE_BYTES :], FORM)
    except (InvalidTag, ValueError):
        raise Refusal(
            _("封存的信息打不开：密钥不对，或者内容被改动过。请联系系统管理员核对封存密钥。"),
            code="seal_broken",
        ) from None
    return dict(json.loads(plain))


def fingerprint(text: str) -> str:
    """Return the keyed fingerprint (HMAC-SHA-256, hex) of a text folded to one spelling; "" for nothing."""
    folded = "".join(unicodedata.normalize("NFKC", text).split()).lower()
    return keyed("fingerprint", folded).hex() if folded else ""


def keyed(purpose: str, text: str) -> bytes:
    """Return the keyed digest (HMAC-SHA-256) of a text for one purpose: nobody without the key can make it."""
    return hmac.new(_key(purpose), text.encode(), hashlib.sha256).digest()


def _key(purpose: str) -> bytes:
    """Derive the key of one purpose, so that a fingerprint never shares a key with a seal."""
    return hmac.new(_master(), f"anju escrow {purpose}".encode(), hashlib.sha256).digest()


@cache
def _master() -> bytes:
    if given := os.environ.get("ANJU_ESCROW_KEY"):
        return _read(given)
    kept = Path(settings.DATA_DIR) / "escrow_key"
    if settings.TESTING:
        return hashlib.sha256(b"for tests only").digest()
    if not kept.exists():
        _make(kept)
    return _read(kept.read_text(encoding="ascii"))


def _read(text: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise RuntimeError(
            "The escrow key must be 64 hexadecimal digits (ANJU_ESCROW_KEY or DATA_DIR/escrow_key)."
        )
    return key


def _make(path: Path) -> None:
    """Write a new key, unless another process has just done so."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link, not a rename: it fails when the name exists, so no key that is in use is ever overwritten.
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        made.unlink()
