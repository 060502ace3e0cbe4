from __future__ import annotations

import stat
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from core.errors import Fault, Malformed
from core.io.files.accounts import AccountsFile
from core.roles import Role

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SECRET = "correct horse battery"


def opened(folder: Path) -> AccountsFile:
    return AccountsFile(folder / "data" / "accounts.json", CHEAP)


def test_the_first_start_makes_one_supervisor_with_a_one_time_password(tmp_path: Path) -> None:
    accounts = opened(tmp_path)
    assert accounts.first_start(lambda: "one-time-pass") == "one-time-pass"
    admin = accounts.verify("admin", "one-time-pass")
    assert admin is not None
    assert (admin.role, admin.must_change_password) == (Role.SUPERVISOR, True)
    assert opened(tmp_path).first_start(lambda: "another-one") is None
    file = tmp_path / "data" / "accounts.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "one-time-pass" not in file.read_text()
    assert "argon2id" in file.read_text()


def test_a_changed_password_lasts_and_the_old_one_is_over(tmp_path: Path) -> None:
    accounts = opened(tmp_path)
    accounts.first_start(lambda: "one-time-pass")
    assert accounts.change_password("admin", "wrong", SECRET) is None
    changed = accounts.change_password("admin", "one-time-pass", SECRET)
    assert changed is not None
    assert not changed.must_change_password
    again = opened(tmp_path)
    assert again.verify("admin", "one-time-pass") is None
    assert again.verify("admin", SECRET) == changed
    assert again.verify("nobody", SECRET) is None


@pytest.mark.parametrize(
    ("name", "role", "password", "field"),
    [
        ("ana", Role.PILOT, "short", "new"),
        ("ana", Role.PILOT, "x" * 257, "new"),
        ("an a", Role.PILOT, SECRET, "name"),
        ("admin", Role.PILOT, SECRET, "name"),
        ("u1", Role.UNIT, SECRET, "role"),
    ],
)
def test_wrong_accounts_are_refused_by_field(tmp_path: Path, name: str, role: Role, password: str, field: str) -> None:
    accounts = opened(tmp_path)
    accounts.first_start(lambda: "one-time-pass")
    with pytest.raises(Malformed) as e:
        accounts.add(name, role, password)
    assert e.value.field == field
    assert opened(tmp_path).account("ana") is None


def test_what_can_not_be_kept_does_not_count(tmp_path: Path) -> None:
    accounts = opened(tmp_path)
    accounts.first_start(lambda: "one-time-pass")
    (tmp_path / "data" / "accounts.json.new").mkdir()
    with pytest.raises(Fault, match="can't keep accounts"):
        accounts.change_password("admin", "one-time-pass", SECRET)
    assert accounts.verify("admin", "one-time-pass") is not None


@pytest.mark.parametrize("text", ["", "{", '{"accounts": [{"name": "a", "role": "pilot", "face": 1}]}', '{"x": 1}'])
def test_a_broken_file_is_refused_and_never_started_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "accounts.json").write_text(text)
    with pytest.raises(Malformed, match="accounts"):
        opened(tmp_path)
