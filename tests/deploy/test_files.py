"""What an operator copies from deploy/ is true: names, times and paths are those of the code."""

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from psycopg import sql

from app.core.doorbell import LONGEST_RUN
from app.core.settings import PREFIX, Settings, read_settings
from app.laptop import roles
from jobs.mail_door import SECONDS_TO_END
from tests.deploy.hosts import DEPLOY, ROOT, read_environment, statements
from tests.page_client import PageClient

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
KNOWN = {PREFIX + one.name.upper() for one in fields(Settings)}
SECRET = {PREFIX + one.name.upper() for one in fields(Settings) if one.metadata["secret"]}
TEXTS = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


@pytest.mark.parametrize("path", [*TEXTS, ROOT / "docs" / "deployment.md"], ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z0-9_]*[A-Z0-9]", path.read_text()))

    assert named - KNOWN == set()


def test_the_example_is_enough_and_holds_no_secret() -> None:
    example = read_environment(DEPLOY / "frontoffice.env.example")

    for name in SECRET & set(example):
        assert example[name] == "" or "PASSWORD@" in example[name], name
    filled = example | {
        "FRONTOFFICE_MASTER_KEYS": "a:" + "A" * 43 + "=",
        "FRONTOFFICE_COOKIE_SECRET": "c" * 32,
        "FRONTOFFICE_S3_KEY_ID": "key",
        "FRONTOFFICE_S3_SECRET": "secret",
    }
    settings = read_settings(filled)
    assert settings.storage == "s3"
    assert settings.proxies == 1
    assert not settings.demo


def test_the_database_is_laid_out_as_the_laptops_is() -> None:
    """The same roles and grants; only passwords and who may connect are the operator's to say."""
    asked: list[str] = []

    class Server:
        def execute(self, question: object, _values: object = ()) -> "Server":
            asked.append(question.as_string() if isinstance(question, sql.Composable) else str(question))
            return self

        def fetchone(self) -> None:
            return None

    roles.lay_out(Server(), "frontoffice", None)
    roles.open_up(Server())
    wanted = {plain(one) for one in asked if not one.startswith("select")}
    written = [
        plain(one) for name in ("roles.sql", "schema.sql") for one in statements(DEPLOY / "postgresql" / name)
    ]

    assert wanted <= set(written)
    assert {one for one in set(written) - wanted if "on database frontoffice" not in one} == set()


def plain(statement: str) -> str:
    return " ".join(statement.replace('"', "").replace("nocreatedb nocreaterole ", "").split())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_each_unit(unit: Path, tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("No systemd on this machine.")
    text = unit.read_text().replace("/opt/frontoffice/.venv/bin/python", "/bin/true")
    copy = tmp_path / unit.name.replace("@", "@1")
    copy.write_text(text)

    done = subprocess.run([verify, "verify", str(copy)], capture_output=True, text=True, check=False)

    mine = [line for line in done.stderr.splitlines() if unit.name.split("@")[0].split(".")[0] in line]
    assert mine == []


def test_no_process_is_cut_off_while_it_ends() -> None:
    waits = {unit.name: int(found(r"TimeoutStopSec=(\d+)", unit.read_text())) for unit in UNITS}
    compose = services()

    assert waits["frontoffice-worker@.service"] > LONGEST_RUN
    assert waits["frontoffice-schedule.service"] > LONGEST_RUN
    assert waits["frontoffice-mail-door.service"] > SECONDS_TO_END
    graceful = int(found(r"graceful_timeout = (\d+)", (DEPLOY / "gunicorn.conf.py").read_text()))
    assert waits["frontoffice-web.service"] > graceful
    for name, unit in {
        "web": "frontoffice-web.service",
        "worker": "frontoffice-worker@.service",
        "schedule": "frontoffice-schedule.service",
        "mail-door": "frontoffice-mail-door.service",
    }.items():
        assert compose[name]["stop_grace_period"] == f"{waits[unit]}s"


def test_every_container_of_ours_is_shut_and_runs_what_its_unit_runs() -> None:
    compose = services()

    for name in ("web", "worker", "schedule", "mail-door", "migrate"):
        assert compose[name]["read_only"] is True
        assert compose[name]["cap_drop"] == ["ALL"]
        assert compose[name]["security_opt"] == ["no-new-privileges:true"]
    for name in ("worker", "schedule", "mail-door"):
        unit = "worker@" if name == "worker" else name
        text = (DEPLOY / "systemd" / f"frontoffice-{unit}.service").read_text()
        ran = found(r"bin/python (.+)", text)
        assert compose[name]["command"] == ["python", *ran.split()]
    for name in ("web", "mail-door", "postgres", "redis"):
        assert compose[name]["healthcheck"]
    for name, one in compose.items():
        for port in one.get("ports", []):
            assert port.startswith("127.0.0.1:"), name


def test_no_container_but_those_that_need_it_crosses_districts() -> None:
    across = {
        name
        for name, one in services().items()
        if one.get("environment", {}).get("FRONTOFFICE_DATABASE_ACROSS_URL")
    }
    owner = {
        name
        for name, one in services().items()
        if "FRONTOFFICE_DATABASE_OWNER_URL" in one.get("environment", {})
    }

    assert across == {"schedule", "migrate"}
    assert owner == {"migrate"}


def services() -> dict[str, dict[str, Any]]:
    written: dict[str, dict[str, Any]] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return written


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, pattern
    return match[1]


def test_the_image_copies_what_there_is() -> None:
    text = (DEPLOY / "Dockerfile").read_text()

    for source in re.findall(r"^COPY (?!--from)(\S+) ", text, re.MULTILINE):
        assert (ROOT / source).exists(), source
        assert f"!{source}" in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert re.search(r"^USER \d+$", text, re.MULTILINE)


def test_scripts_are_understood() -> None:
    for script in DEPLOY.rglob("*.sh"):
        assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0


def test_the_site_passes_no_header_of_a_browsers_on() -> None:
    site = (DEPLOY / "nginx.conf").read_text()

    assert "proxy_set_header X-Forwarded-For $remote_addr;" in site
    assert "proxy_set_header Host $host;" in site
    assert "$proxy_add_x_forwarded_for" not in site
    assert "access_log off;" in site
    settings = read_settings(
        {
            "FRONTOFFICE_DEMO": "yes",
            "FRONTOFFICE_DATABASE_URL": "postgresql:///x",
            "FRONTOFFICE_MASTER_KEYS": "a:" + "A" * 43 + "=",
            "FRONTOFFICE_COOKIE_SECRET": "c" * 32,
        }
    )
    largest = int(found(r"client_max_body_size (\d+)m;", site)) * 1024 * 1024
    assert largest >= settings.max_file_bytes * settings.max_files + 1_000_000


def test_every_command_in_the_guide_exists() -> None:
    from app.factory import create_app

    guide = (ROOT / "docs" / "deployment.md").read_text()
    app = create_app(
        read_settings(
            {
                "FRONTOFFICE_DEMO": "yes",
                "FRONTOFFICE_DATABASE_URL": "postgresql:///x",
                "FRONTOFFICE_MASTER_KEYS": "a:" + "A" * 43 + "=",
                "FRONTOFFICE_COOKIE_SECRET": "c" * 32,
            }
        )
    )

    named = set(re.findall(r"flask --app wsgi ([a-z-]+)", guide))

    assert named >= {"migrate", "check", "open-district", "new-key"}
    assert named <= set(app.cli.commands)
    for unit in re.findall(r"frontoffice-[a-z-]+@?", " ".join(re.findall(r"systemctl .*", guide))):
        assert (DEPLOY / "systemd" / f"{unit}.service").exists(), unit
    for path in re.findall(r"(?<!tests/)\bdeploy/[\w./-]+\w", guide):
        assert (ROOT / path).exists(), path


def test_every_figure_that_is_watched_is_told(client: PageClient) -> None:
    told = set(re.findall(r"^# HELP (\w+)", client.browser.get("/metrics").text, re.MULTILINE))
    told |= {"frontoffice_alarms"}  # told while the timetable reads
    text = (DEPLOY / "prometheus" / "alerts.yaml").read_text()
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]

    watched = {name for rule in rules for name in re.findall(r"frontoffice_\w+", rule["expr"])}

    assert len(rules) == 5
    assert {name.removesuffix("_bucket") for name in watched} - told == set()
    assert (
        yaml.safe_load((DEPLOY / "prometheus" / "scrape.yaml").read_text())[0]["metrics_path"] == "/metrics"
    )
