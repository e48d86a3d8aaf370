"""A witness's own key: one file in its folder, made once, readable by its user alone."""

from __future__ import annotations

import json

from remit.journal.cosign import CosignatureSigner
from remit.journal.errors import NoteInvalid
from remit.journal.store import Reader, Store
from remit.witness.errors import WitnessDamaged, WitnessKeyExists, WitnessKeyMissing, WitnessSetting

FILE = "witness.key"
FORMAT = "remit-witness-key-1"
SEED_BYTES = 32


def make_key(store: Store, name: str, seed: bytes) -> CosignatureSigner:
    """Keep a new key, durably, and return it; the folder's own where it has that name already.

    WitnessKeyExists where the folder's key has another name; WitnessSetting for a name that no key can have.
    """
    if FILE in store.names():
        known = read_key(store)
        if known.cosigner.name != name:
            raise WitnessKeyExists(f"this folder is {known.cosigner.name}'s already", "Name another folder")
        return known
    try:
        signer = CosignatureSigner(name, seed)
    except NoteInvalid as invalid:
        raise WitnessSetting(invalid.what, invalid.do) from None
    store.replace(FILE, json.dumps({"format": FORMAT, "name": name, "seed": seed.hex()}).encode() + b"\n")
    return signer


def read_key(store: Reader) -> CosignatureSigner:
    """The folder's key; WitnessKeyMissing, WitnessDamaged."""
    if FILE not in store.names():
        raise WitnessKeyMissing("there is no witness's key here", "Make one: remit witness key NAME")
    try:
        said = json.loads(store.read(FILE, 0, 4096))
        if not isinstance(said, dict) or said.get("format") != FORMAT or not isinstance(said.get("name"), str):
            raise ValueError("not a witness's key")
        seed = bytes.fromhex(said["seed"])
        if len(seed) != SEED_BYTES:
            raise ValueError("a key has 32 bytes")
        return CosignatureSigner(said["name"], seed)
    except (ValueError, KeyError, TypeError, RecursionError, NoteInvalid):
        raise WitnessDamaged(f"{FILE} cannot be read", "Restore it from a copy, or retire this witness") from None
