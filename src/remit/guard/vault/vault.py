"""The vault itself: it checks a permit against its request, uses it up, and has the key speak that belongs to it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Protocol, Self

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from remit.guard import errors
from remit.guard.callbacks import CallbackKeys
from remit.guard.passwords import Cost
from remit.guard.people import PeopleStore
from remit.guard.tokens import TokenStore
from remit.guard.vault import file as vault_file
from remit.guard.vault import schemes, tpm
from remit.guard.vault.file import FILE, KEY_BYTES, Content, Kept, Lock, Roots, Token
from remit.guard.vault.file_keeper import FileKeeper
from remit.guard.vault.keeper import Keeper, SealedPermit, Slot
from remit.guard.vault.pkcs11 import Pkcs11Keeper, load_package
from remit.guard.world import JOURNAL, KEYS, TOKENS, World
from remit.journal.note import Signer
from remit.kernel.access import VenueKey
from remit.kernel.codec import encode
from remit.kernel.permit import Endorsement, Permit, Request, Scheme, endorsing, join_seal
from remit.kernel.permit import Keeper as KeeperName

VAULT_DIGITS = 16
"""How much of its permit key's digest names a vault in a token that several share."""


class Signing(Protocol):
    """What the vault asks of a venue's codec: how requests are signed there, and which words of them."""

    scheme: Scheme | None

    def signed(self, request: Request) -> bytes:
        """Return the words of a request that are to be signed."""
        ...


class Vault:
    """Holds the guard's keys, and puts them to permits and nothing else: there is no way to have bytes of one's choice
    signed.

    Every agent has a key of its own on each connection. `permit_key` is the public key (32 bytes, Ed25519) that
    endorses those that sign permits, so that a venue needs to know this one alone.
    """

    def __init__(self, world: World, content: Content, lock: Lock | None) -> None:
        self._world, self._roots, self._lock, self._token = world, content.roots, lock, content.token
        self._permit = Ed25519PrivateKey.from_private_bytes(content.roots.permit)
        self.permit_key = self._permit.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self._kept = {_slot(kept.fact): kept for kept in content.kept}
        secrets = {slot: kept.secret for slot, kept in self._kept.items() if kept.fact.keeper == "file"}
        self._file = FileKeeper(secrets, world.random)
        self._hsm: Keeper | None = None
        self._in_force: dict[tuple[str, str], VenueKey] = {}
        self._endorsed: dict[Slot, bytes] = {}
        self._derived: dict[Slot, Ed25519PrivateKey] = {}
        self._at = 0
        self._retired = -1
        self._used: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"Vault(permit_key={self.permit_key.hex()})"

    @classmethod
    def create(cls, world: World, passphrase: str | None = None) -> Self:
        """Make new keys, durable on return; with a passphrase they are stored encrypted.

        VaultExists where there are keys; VaultMissing where a journal exists whose keys are gone, since new keys could
        not continue it; PassphraseNeeded for an empty passphrase.
        """
        if passphrase == "":
            raise errors.PassphraseNeeded("the passphrase is empty", "Give one, or leave it out")
        store = world.store(KEYS)
        if FILE in store.names():
            raise errors.VaultExists("there is a vault already", "Open it, or choose another data folder")
        if world.store(JOURNAL).names():
            raise errors.VaultMissing(
                f"a journal exists but its keys ({KEYS}/{FILE}) are gone",
                "Restore the keys from a backup; new keys cannot continue this journal",
            )
        content = Content(Roots(world.random(KEY_BYTES), world.random(KEY_BYTES), world.random(KEY_BYTES)))
        lock = None if passphrase is None else vault_file.lock_by(passphrase, world.random)
        store.replace(FILE, vault_file.write(content, lock, world.random))
        return cls(world, content, lock)

    @classmethod
    def open(cls, world: World, passphrase: str | None = None) -> Self:
        """Open the keys that `create` made.

        VaultMissing, VaultDamaged, PassphraseNeeded, PassphraseWrong; PassphraseUnused where the vault has none;
        TpmRefused where a TPM does not give the key out.
        """
        store = world.store(KEYS)
        if FILE not in store.names():
            raise errors.VaultMissing(f"there are no keys ({KEYS}/{FILE})", "Restore them from a backup")
        source = store.read(FILE, 0, store.size(FILE))
        return cls(world, *vault_file.read(source, passphrase, tpm.unseal))

    # -- which key is in force: the journal says it

    def follow(self, keys: Mapping[tuple[str, str], VenueKey]) -> None:
        """Take the keys in force from the journal's state; to be called at start."""
        self._in_force = dict(keys)
        if self._token is not None:
            with suppress(errors.ExtraMissing):  # said where a key needs it
                load_package()

    def open_token(self) -> None:
        """Load the token's module and open the token, where there is one; to be called once the process is confined.

        Somebody who was in a guard before may have named the module, and it runs as part of this process. KeyRefused,
        ExtraMissing where a key in force lies in a token that does not open.
        """
        if self._token is None and not self._needs_token():
            return
        try:
            self._keeper("pkcs11")
        except errors.KeyUnusable:
            if self._needs_token():
                raise

    def _needs_token(self) -> bool:
        return any(fact.keeper == "pkcs11" for fact in self._in_force.values())

    def put_in_force(self, fact: VenueKey) -> None:
        """Let a key speak from here on, and none before it; to be called when its fact is durable."""
        self._in_force[(fact.connection, fact.agent)] = fact

    def add(
        self, connection: str, agent: str, scheme: Scheme, keeper: KeeperName, secret: bytes | None = None
    ) -> VenueKey:
        """Keep a new key beside the one in force, durable on return, and return the fact to be journalled.

        It is made by its keeper, or is the `secret` that a venue gave out. KeyInvalid, KeyRefused, SchemeUnsupported,
        ExtraMissing; KeyNotKept where the disk refuses.
        """
        known = self._in_force.get((connection, agent))
        slot = Slot(connection, agent, 1 if known is None else known.generation + 1)
        by = self._keeper(keeper)
        if scheme not in by.schemes:
            has = ", ".join(sorted(by.schemes))
            raise errors.SchemeUnsupported(f"a keeper {keeper} has no keys of {scheme}", f"It has {has}")
        by.drop(slot)  # left by a rotation that was never journalled
        public = by.make(slot, scheme) if secret is None else by.take(slot, scheme, secret)
        said = secret if secret is not None else b""
        fact = VenueKey(
            connection=connection, agent=agent, generation=slot.generation, scheme=scheme, keeper=keeper,
            fingerprint=schemes.fingerprint(scheme, public, said, self._roots.tokens),
        )  # fmt: skip
        self._kept[slot] = Kept(fact, public, self._file.secrets.get(slot, b"") if keeper == "file" else b"")
        self._forget_endorsed(slot)
        self._write()
        return fact

    def drop(self, fact: VenueKey) -> None:
        """Erase a key that was not taken up; KeyNotKept where the disk refuses."""
        self._erase([_slot(fact)])

    def drop_older(self, fact: VenueKey) -> None:
        """Erase every key that was in force before this one: what it signed needs it no more. KeyNotKept."""
        of = (fact.connection, fact.agent)
        self._erase([slot for slot in self._kept if slot[:2] == of and slot.generation < fact.generation])

    def use_token(self, token: Token | None) -> None:
        """Keep how a PKCS#11 token is opened, durable on return; KeyRefused where it does not open."""
        if token is None and any(kept.fact.keeper == "pkcs11" for kept in self._kept.values()):
            raise errors.KeyRefused("keys in force lie in the token", "Rotate them into the file first")
        self._hsm, before = (None if token is None else self._opened(token)), self._token
        self._token = token
        try:
            self._write()
        except errors.KeyNotKept:
            self._token = before
            raise

    def lock(self, lock: Lock | None) -> None:
        """Lock the vault anew, or unlock it with None, durable on return; KeyNotKept."""
        before, self._lock = self._lock, lock
        try:
            self._write()
        except errors.KeyNotKept:
            self._lock = before
            raise

    def keys(self) -> list[tuple[VenueKey, bytes]]:
        """Return the facts and public keys of all that is kept beside what is derived, in order."""
        return [(kept.fact, kept.public) for _, kept in sorted(self._kept.items())]

    # -- permits

    def retire(self, seq: int) -> None:
        """Sign no permit of a journal entry up to `seq` from here on, so that their ids need not be remembered.

        To be called at start with the journal's last entry: what a guard before this one permitted is never sent again.
        """
        self._retired = max(self._retired, seq)
        self._used = {used: entry for used, entry in self._used.items() if entry > self._retired}

    def seal(
        self, permit: Permit, request: Request, at: int, agent: str = "", venue: Signing | None = None
    ) -> tuple[bytes, bytes]:
        """Return the permit's canonical bytes and what `agent`'s key on the connection said, once per permit.

        Where the venue has no scheme of its own that is the permit's seal, as `join_seal` has it; else it is what the
        key said to the venue's words of the request. `at` is journal time; `agent` is empty for what concerns the
        whole connection. PermitMismatch: not this request's digest, connection or action. PermitExpired: `at` has
        reached its end. PermitUsed: sealed before, or of an entry that was retired. KeyUnusable: no key speaks.
        """
        if (permit.digest, permit.connection, permit.action) != (request.digest, request.connection, request.action):
            raise errors.PermitMismatch(f"permit {permit.id} is for other bytes", "Journal a permit for this request")
        self._at = max(self._at, at)
        if permit.expires_at <= self._at:
            raise errors.PermitExpired(f"permit {permit.id} expired at {permit.expires_at}", "Journal a new permit")
        if permit.id in self._used or permit.seq <= self._retired:
            raise errors.PermitUsed(f"permit {permit.id} was used", "Ask the venue what became of it")
        self._used[permit.id] = permit.seq
        written = encode(permit)
        scheme = None if venue is None else venue.scheme
        if venue is None or scheme is None:
            return written, self._sealed(permit, request, written, agent)
        fact = self._in_force.get((permit.connection, agent)) or self._in_force.get((permit.connection, ""))
        if fact is None:
            fix = f"Add it: remit vault rotate {permit.connection}" + (f" --agent {agent}" if agent else "")
            raise errors.KeyMissing(f"no key of {permit.connection} speaks for {agent or 'it'}", fix)
        if fact.scheme != scheme:
            raise errors.SchemeUnsupported(f"{fact.connection} wants a key of {scheme}, not {fact.scheme}", "Rotate it")
        words = venue.signed(request)
        return written, self._speak(fact, SealedPermit(permit, written, self._permit.sign, request, words))

    def _sealed(self, permit: Permit, request: Request, written: bytes, agent: str) -> bytes:
        """Return the seal of a permit by the key of its agent on its connection, with the endorsement of that key."""
        fact = self._in_force.get((permit.connection, agent))
        slot = Slot(permit.connection, agent, 0) if fact is None else _slot(fact)
        if fact is None:
            signature = self._first(slot).sign(written)
        elif fact.scheme != "ed25519":
            raise errors.SchemeUnsupported(f"{fact.connection} wants a key of ed25519, not {fact.scheme}", "Rotate it")
        else:
            signature = self._speak(fact, SealedPermit(permit, written, self._permit.sign, request, written))
        if slot not in self._endorsed:
            public = self._kept[slot].public if fact is not None else _public(self._first(slot))
            endorsement = encode(Endorsement(connection=slot[0], agent=slot[1], generation=slot[2], key=public))
            self._endorsed[slot] = join_seal(b"", self._permit.sign(endorsing(endorsement)), endorsement)
        return signature + self._endorsed[slot]

    def _speak(self, fact: VenueKey, sealed: SealedPermit) -> bytes:
        kept = self._kept.get(_slot(fact))
        if kept is None or kept.fact.fingerprint != fact.fingerprint:
            fix = "Restore the vault's newest backup, or rotate the key"
            raise errors.KeyMissing(f"the vault has not the key {_slot(fact).label} that the journal names", fix)
        return self._keeper(fact.keeper).speak(_slot(fact), fact.scheme, kept.public, sealed)

    def _first(self, slot: Slot) -> Ed25519PrivateKey:
        """Return the key that a connection's agent has before the first rotation: derived, so that it is there."""
        if slot not in self._derived:
            info = msgspec.json.encode(("remit-permit-key-1", *slot))
            self._derived[slot] = Ed25519PrivateKey.from_private_bytes(hmac.digest(self._roots.permit, info, "sha256"))
        return self._derived[slot]

    # -- what other parts keep under the vault's keys

    def checkpoint_signer(self, name: str) -> Signer:
        """The signer of the journal's checkpoints, by a key of its own that no venue accepts."""
        return Signer(name, self._roots.checkpoint)

    def tokens(self, world: World) -> TokenStore:
        """The store of token hashes, under the vault's key."""
        return TokenStore(world.store(TOKENS), self._roots.tokens)

    def people(self, world: World, cost: Cost) -> PeopleStore:
        """The store of persons' credentials, under a key derived from the vault's."""
        return PeopleStore(
            world.store(TOKENS), hmac.digest(self._roots.tokens, b"people", "sha256"), world.random, cost
        )

    def callbacks(self, world: World) -> CallbackKeys:
        """The store of callback keys, sealed under a key derived from the vault's."""
        return CallbackKeys(world.store(TOKENS), self._roots.tokens, world.random)

    # -- the file

    def _keeper(self, name: KeeperName) -> Keeper:
        if name == "file":
            return self._file
        if self._hsm is None:
            if self._token is None:
                raise errors.KeyRefused("the vault knows no PKCS#11 token", "Name it: remit vault token")
            self._hsm = self._opened(self._token)
        return self._hsm

    def _opened(self, token: Token) -> Pkcs11Keeper:
        return Pkcs11Keeper(token, sha256(self.permit_key).hexdigest()[:VAULT_DIGITS], self._world.writes())

    def _erase(self, slots: list[Slot]) -> None:
        for slot in slots:
            kept = self._kept.pop(slot, None)
            self._forget_endorsed(slot)
            if kept is not None:
                self._keeper(kept.fact.keeper).drop(slot)
        if slots:
            self._write()

    def _forget_endorsed(self, slot: Slot) -> None:
        self._endorsed.pop(slot, None)

    def _write(self) -> None:
        content = Content(self._roots, tuple(kept for _, kept in sorted(self._kept.items())), self._token)
        try:
            self._world.store(KEYS).replace(FILE, vault_file.write(content, self._lock, self._world.random))
        except OSError as fault:
            raise errors.KeyNotKept(f"{KEYS}/{FILE} could not be written: {fault}", "Check the disk") from None


def _slot(fact: VenueKey) -> Slot:
    return Slot(fact.connection, fact.agent, fact.generation)


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
