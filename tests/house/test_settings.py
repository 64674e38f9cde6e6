"""Settings are typed and strict; none that is secret has a value of its own, and none is printed."""

import base64
import re
from pathlib import Path

import pytest

from app.core.settings import PREFIX, SettingsRefused, read_settings

KEY = base64.b64encode(b"k" * 32).decode()
ENOUGH = {
    "BASE_URL": "https://desk.example.org",
    "DATABASE_URL": "postgresql://app:hush-database@db/frontoffice",
    "MASTER_KEYS": f"2026:{KEY}",
    "COOKIE_SECRET": "hush-cookie-" + "x" * 32,
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {PREFIX + name: value for name, value in ENOUGH.items()} | {PREFIX + "INSTANCE": str(tmp_path)}


def refused(environment: dict[str, str]) -> str:
    with pytest.raises(SettingsRefused) as caught:
        read_settings(environment)
    return str(caught.value)


def test_enough_is_enough(environment: dict[str, str]) -> None:
    settings = read_settings(environment)
    assert settings.database_url == "postgresql+psycopg://app:hush-database@db/frontoffice"
    assert settings.master_keys == (("2026", b"k" * 32),)
    assert not settings.demo
    assert settings.redis_url is None


@pytest.mark.parametrize("name", list(ENOUGH))
def test_what_is_needed_has_no_default_not_even_in_a_demo(environment: dict[str, str], name: str) -> None:
    del environment[PREFIX + name]
    assert f"{PREFIX}{name} is missing" in refused(environment)
    if name != "BASE_URL":
        assert f"{PREFIX}{name} is missing" in refused(environment | {PREFIX + "DEMO": "yes"})


def test_an_unknown_name_is_refused_with_the_nearest_known_one(environment: dict[str, str]) -> None:
    said = refused(environment | {PREFIX + "PROT": "8000"})
    assert said == "FRONTOFFICE_PROT is not a setting of FrontOffice. Did you mean FRONTOFFICE_PORT?"


def test_every_fault_is_told_at_once(environment: dict[str, str]) -> None:
    said = refused(environment | {PREFIX + "PORT": "many", PREFIX + "DEMO": "maybe"})
    assert len(said.splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "eighty"),
        ("DEMO", "perhaps"),
        ("BASE_URL", "http://desk.example.org"),
        ("BASE_URL", "https://desk.example.org/path"),
        ("DATABASE_URL", "sqlite:///hush.db"),
        ("DATABASE_URL", ""),
        ("REDIS_URL", "hush:6379"),
        ("MASTER_KEYS", "2026:hush"),
        ("MASTER_KEYS", f"2026:{KEY},2026:{KEY}"),
        ("MASTER_KEYS", ""),
        ("COOKIE_SECRET", "hush"),
        ("HTMX", "elsewhere"),
        ("STORAGE", "cloud"),
        ("MAX_FILE_BYTES", "-1"),
        ("EGRESS_PRIVATE_ALLOWED", "10.0.0.1"),
    ],
)
def test_a_bad_value_is_refused_and_not_repeated(environment: dict[str, str], name: str, value: str) -> None:
    said = refused(environment | {PREFIX + name: value})
    assert PREFIX + name in said
    assert "hush" not in said
    assert KEY not in said


def test_no_secret_is_printed(environment: dict[str, str]) -> None:
    settings = read_settings(environment)
    printed = repr(settings) + str(settings) + str(settings.described())
    assert "hush" not in printed
    assert KEY not in printed
    assert "k" * 32 not in printed
    shown = {name: value for name, value, _ in settings.described()}
    assert shown["FRONTOFFICE_COOKIE_SECRET"] == "set"
    assert shown["FRONTOFFICE_REDIS_URL"] == "not set"
    assert shown["FRONTOFFICE_BASE_URL"] == "https://desk.example.org"


def test_every_setting_says_what_it_is(environment: dict[str, str]) -> None:
    for name, _, meaning in read_settings(environment).described():
        assert re.fullmatch(r"FRONTOFFICE_[A-Z0-9_]+", name)
        assert meaning


def test_the_environment_wins_over_the_instance_folder(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        'port = 8100\nsmtp_port = "2600"\nregion = "uk"\n[laptop]\nx = "y"\n'
    )
    (tmp_path / "running.toml").write_text("port = 8200\n")
    settings = read_settings(environment | {PREFIX + "REGION": "ca"})
    assert (settings.port, settings.smtp_port, settings.region) == (8200, 2600, "ca")


def test_the_instance_folder_is_read_as_strictly(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("prot = 8100\n")
    assert refused(environment) == "prot is not a setting of FrontOffice. Did you mean port?"
    (tmp_path / "config.toml").write_text("this is not toml")
    assert "is not written as TOML" in refused(environment)


def test_a_demo_needs_no_address(environment: dict[str, str]) -> None:
    del environment[PREFIX + "BASE_URL"]
    settings = read_settings(environment | {PREFIX + "DEMO": "yes", PREFIX + "PORT": "8123"})
    assert settings.base_url == "http://127.0.0.1:8123"
