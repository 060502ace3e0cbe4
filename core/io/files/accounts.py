"""Staff accounts in one JSON file, mode 600, replaced whole and synced. Passwords are kept as argon2id hashes only.

An account is a name that signs in and a role; it tells nothing of anybody seen.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from core.errors import Fault, Malformed
from core.ids import PersonName, checked_id
from core.io.files.kept import keep
from core.roles import Role

FIRST = PersonName("admin")
MIN_PASSWORD = 12
MAX_PASSWORD = 256
STAFF = frozenset(Role) - {Role.UNIT, Role.SITE}
"""Units and sites sign in with tokens of the settings, not with accounts."""


@dataclass(frozen=True, slots=True)
class Account:
    """One member of staff. `password_hash`: argon2id, PHC string."""

    name: PersonName
    role: Role
    password_hash: str
    must_change_password: bool = False

    def __post_init__(self) -> None:
        checked_id("name", self.name)
        if self.role not in STAFF:
            raise Malformed("role", f"{self.role} signs in with a token", "set token_hash in the settings")


class _File(msgspec.Struct, forbid_unknown_fields=True):
    accounts: list[Account]


class AccountsFile:
    """Accounts of one coordinator; calls may come from any thread. Verifying takes some tens of ms: not in the loop."""

    def __init__(self, path: Path, hasher: PasswordHasher | None = None) -> None:
        """Raises Malformed when the file is there and is not an accounts file, Fault when it can't be read."""
        self._path = path
        self._hasher = hasher or PasswordHasher()
        self._guard = threading.Lock()
        self._accounts = {a.name: a for a in _read(path)}
        self._nobody = self._hasher.hash("nobody has this password")

    def first_start(self, new_secret: Callable[[], str]) -> str | None:
        """Make the supervisor `admin` when there is no account at all; returns its one-time password, else None."""
        if self._accounts:
            return None
        password = new_secret()
        self.add(FIRST, Role.SUPERVISOR, password, must_change_password=True)
        return password

    def add(self, name: str, role: Role, password: str, must_change_password: bool = True) -> Account:
        """A new account. Raises Malformed when the name is taken or the password too short, Fault when not kept."""
        made = Account(PersonName(name), role, self._hash(password), must_change_password)
        with self._guard:
            if made.name in self._accounts:
                raise Malformed("name", f"{name} is taken", "choose another name")
            self._keep({**self._accounts, made.name: made})
        return made

    def verify(self, name: str, password: str) -> Account | None:
        """The account when name and password fit, else None (in the same time for unknown names)."""
        account = self._accounts.get(PersonName(name))
        try:
            self._hasher.verify(account.password_hash if account else self._nobody, password[: MAX_PASSWORD + 1])
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return None
        return account

    def change_password(self, name: str, old: str, new: str) -> Account | None:
        """The account with its new password; None when `old` does not fit. Raises Malformed or Fault."""
        account = self.verify(name, old)
        if account is None:
            return None
        if new == old:
            raise Malformed("new", "the same password again", "choose another one")
        changed = replace(account, password_hash=self._hash(new), must_change_password=False)
        with self._guard:
            self._keep({**self._accounts, account.name: changed})
        return changed

    def account(self, name: str) -> Account | None:
        """The account of that name."""
        return self._accounts.get(PersonName(name))

    def _hash(self, password: str) -> str:
        if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise Malformed("new", f"{len(password)} characters", f"{MIN_PASSWORD} to {MAX_PASSWORD} characters")
        return self._hasher.hash(password)

    def _keep(self, accounts: dict[PersonName, Account]) -> None:
        """Write, sync, replace; memory changes only once the disk has."""
        text = json.dumps({"accounts": [asdict(a) for a in accounts.values()]}, indent=1)
        keep(self._path, text.encode(), "accounts")
        self._accounts = accounts


def _read(path: Path) -> list[Account]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File).accounts
    except FileNotFoundError:
        return []
    except OSError as e:
        raise Fault(f"can't read accounts in {path}: {e.strerror}") from e
    except (msgspec.DecodeError, ValueError) as e:
        raise Malformed(
            "accounts", f"{path} is no accounts file: {e}", "restore it, or move it away to start anew"
        ) from e
