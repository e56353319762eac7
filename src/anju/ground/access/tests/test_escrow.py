"""Identities under seal: opened only with the key, known again without opening."""

import pytest

from anju.ground.access import escrow
from anju.ground.foundation.refusals import Refusal

IDENTITY = {"name": "张某", "phone": "13812345678"}


def test_what_is_sealed_opens_again_and_shows_nothing_meanwhile():
    sealed = escrow.seal(IDENTITY)
    assert escrow.unseal(sealed) == IDENTITY
    assert escrow.unseal(memoryview(sealed)) == IDENTITY
    assert "张".encode() not in sealed
    assert b"13812345678" not in sealed
    assert escrow.seal(IDENTITY) != sealed


@pytest.mark.parametrize("place", [0, 5, 20, -1])
def test_a_changed_seal_does_not_open(place):
    sealed = bytearray(escrow.seal(IDENTITY))
    sealed[place] ^= 1
    with pytest.raises(Refusal, match="打不开"):
        escrow.unseal(bytes(sealed))


def test_another_key_does_not_open_it(monkeypatch):
    sealed = escrow.seal(IDENTITY)
    monkeypatch.setenv("ANJU_ESCROW_KEY", "ab" * 32)
    escrow._master.cache_clear()
    try:
        with pytest.raises(Refusal):
            escrow.unseal(sealed)
    finally:
        escrow._master.cache_clear()


def test_the_same_caller_is_known_again_however_the_number_is_written():
    assert escrow.fingerprint("138 1234 5678") == escrow.fingerprint("１３８１２３４５６７８")
    assert escrow.fingerprint("13812345678") != escrow.fingerprint("13812345679")
    assert escrow.fingerprint("  ") == ""


def test_a_key_is_made_once_private_and_never_overwritten(tmp_path):
    path = tmp_path / "data" / "escrow_key"
    escrow._make(path)
    first = path.read_text()
    escrow._make(path)
    assert path.read_text() == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(escrow._read(first)) == 32
    assert [entry.name for entry in path.parent.iterdir()] == ["escrow_key"]


def test_a_key_that_is_none_stops_the_start():
    with pytest.raises(RuntimeError, match="64 hexadecimal"):
        escrow._read("too short")
