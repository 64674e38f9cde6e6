"""What is counted, and who may know."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from app.core.settings import get_settings, read_settings, use_settings
from tests.page_client import PageClient
from tests.world import World

TOKEN = "t0ken-" + "x" * 32


def ask(client: PageClient, address: str = "127.0.0.1", **headers: str):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.browser.get("/metrics", headers=names, environ_overrides={"REMOTE_ADDR": address})


def with_settings(**changed: object) -> None:
    use_settings(dataclasses.replace(get_settings(), **changed))


def test_this_machine_reads_requests_by_door_and_status(client: PageClient, world: World) -> None:
    client.sign_in(world.tess).get("/maple/tickets?q=Nora", status=200)
    client.get("/maple/nobody/bell@maple.example", status=404)

    answer = ask(client)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'frontoffice_requests_total{door="helpdesk.tickets_index",status="2xx"}' in answer.text
    assert 'frontoffice_request_seconds_bucket{door="helpdesk.tickets_index",le="0.5"}' in answer.text
    assert 'door="none",status="4xx"' in answer.text
    for secret in ("Nora", "bell@", "nobody", "Okafor"):
        assert secret not in answer.text


@pytest.mark.parametrize("address", ["10.0.0.5", "203.0.113.9", "2001:db8::1", ""])
def test_a_stranger_finds_nothing_there(client: PageClient, address: str) -> None:
    answer = ask(client, address)

    assert answer.status_code == 404
    assert answer.text == client.browser.get("/nothing").text


@pytest.mark.parametrize("header", ["X_Forwarded_For", "Forwarded", "Via", "X_Real_Ip", "X_Forwarded_Host"])
def test_whoever_a_proxy_passed_on_is_not_this_machine(client: PageClient, header: str) -> None:
    assert ask(client, **{header: "203.0.113.9"}).status_code == 404


def test_whoever_asks_by_the_public_name_came_through_a_proxy(client: PageClient) -> None:
    with_settings(base_url="https://desk.example.org")

    assert ask(client, Host="desk.example.org").status_code == 404
    assert ask(client, Host="127.0.0.1:8000").status_code == 200


def test_a_network_can_be_let_in(client: PageClient) -> None:
    given = {**os.environ, "FRONTOFFICE_METRICS_FROM": "10.20.0.0/16, ::1/128"}
    required = {
        "FRONTOFFICE_BASE_URL": "http://localhost",
        "FRONTOFFICE_DATABASE_URL": "postgresql://x",
        "FRONTOFFICE_MASTER_KEYS": "k:" + "a" * 43 + "=",
        "FRONTOFFICE_COOKIE_SECRET": "c" * 32,
    }
    with_settings(metrics_from=read_settings(given | required).metrics_from)

    assert ask(client, "10.20.3.4").status_code == 200
    assert ask(client, "10.21.3.4").status_code == 404
    assert ask(client, "127.0.0.1").status_code == 404


def test_the_token_opens_from_anywhere_and_a_wrong_one_does_not(client: PageClient) -> None:
    with_settings(metrics_token=TOKEN)

    assert ask(client, "203.0.113.9", Authorization=f"Bearer {TOKEN}").status_code == 200
    assert ask(client, "127.0.0.1", Via="1.1 proxy", Authorization=f"bearer {TOKEN}").status_code == 200
    for wrong in (f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", TOKEN, "Bearer ünïcode"):
        assert ask(client, "203.0.113.9", Authorization=wrong).status_code == 404


def test_without_a_token_no_token_opens(client: PageClient) -> None:
    assert ask(client, "203.0.113.9", Authorization="Bearer ").status_code == 404


def test_processes_of_one_host_count_together(app: Flask, tmp_path: Path) -> None:
    """Two processes count; a third, which counted nothing, tells the sum."""
    count = "from app.web import metrics; metrics.count_request('a.door', 200, 0.01)"
    tell = (
        "from prometheus_client import CollectorRegistry, generate_latest\n"
        "from prometheus_client.multiprocess import MultiProcessCollector\n"
        "registry = CollectorRegistry(); MultiProcessCollector(registry)\n"
        "print(generate_latest(registry).decode())"
    )
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for code in (count, count):
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)

    told = subprocess.run(
        [sys.executable, "-c", tell], env=environment, check=True, capture_output=True, text=True
    ).stdout

    assert 'frontoffice_requests_total{door="a.door",status="2xx"} 2.0' in told
