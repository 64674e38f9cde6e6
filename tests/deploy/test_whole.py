"""Several hosts around one PostgreSQL, one Redis and one bucket: what is asked of any is done once, whoever dies."""

import email
import email.policy
import hashlib
import io
import json
import os
import re
import shutil
import smtplib
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from PIL import Image

from app.core.directory import FRESH_FOR
from tests.deploy.hosts import HOST, SITE, Hosts, Visitor, hosts, wait_until
from tests.page_client import Page, filled_in
from tests.storage_server import BUCKET

PASSWORD = "seven grey geese sing loudly"
BELL, TESS = "bell@cedar.example", "tess@cedar.example"
BY_WEB = 6
BY_MAIL = 6
ANSWERED = 3


@pytest.fixture
def deployment() -> Iterator[Hosts]:
    folder = Path(tempfile.mkdtemp(prefix="fo-deploy-"))
    folder.chmod(0o711)
    with hosts(folder) as made:
        yield made
    shutil.rmtree(folder, ignore_errors=True)


def photo(number: int) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((320, 240), 40 + number).convert("RGB").save(out, "JPEG")
    return out.getvalue()


def is_ready(port: int) -> bool:
    try:
        answer = httpx.get(f"http://{HOST}:{port}/readyz", timeout=3)
    except httpx.HTTPError:
        return False
    return bool(answer.status_code == 200) and answer.json() == {
        "database": True,
        "storage": True,
        "redis": True,
    }


def link_to(deployment: Hosts, address: str) -> str:
    """The path of the link that somebody was mailed."""
    for _, to, raw in list(deployment.relay.got):
        if to == [address]:
            mail = email.message_from_bytes(raw, policy=email.policy.default)
            body = mail.get_body(("plain",))
            found = re.search(rf"{SITE}(/cedar/invitations/\S+)", body.get_content() if body else "")
            if found:
                return found[1]
    return ""


def accept(deployment: Hosts, path: str, web: int) -> Visitor:
    visitor = Visitor(deployment.web_ports, web)
    page = visitor.get(path, status=200)
    visitor.submit(page, status=303, password=PASSWORD, again=PASSWORD)
    return visitor


def put_on_the_staff(ada: Visitor, address: str, role: str) -> None:
    """With a school, an invitation and a role."""
    form = ada.get("/cedar/admin/people/new", status=200)
    schools = form.form().one("select", name="school_id").all("option")
    school_id = next(option["value"] for option in schools if option.text == "Cedar School")
    name = address.partition("@")[0].capitalize()
    made = ada.submit(form, status=303, family_name=name, email=address, school_id=school_id)
    person = ada.follow(made)
    ada.submit(person, "/invitation", status=303)
    if role != "requester":
        ada.submit(ada.get(person.path), "/roles", status=303, role=role, school="")


def ask_by_web(who: Visitor, name: str, faults: list[str]) -> None:
    """Requests with photos; where the server is gone, the same form goes to the other, as a person would send it."""
    for number in range(BY_WEB):
        try:
            answer = ask_once(who, f"{name} {number}", photo(number))
            if answer.status != 303:
                faults.append(f"{name} {number}: {answer!r}")
        except Exception as fault:
            faults.append(f"{name} {number}: {fault!r}")


def ask_once(who: Visitor, title: str, picture: bytes) -> Page:
    page = again(who, lambda: who.get("/cedar/requests/new"))
    fields = filled_in(page.form()) | {"title": title, "text": "Please look."}
    return again(
        who,
        lambda: who.post(
            "/cedar/requests", {**fields, "files": (io.BytesIO(picture), "photo.jpg", "image/jpeg")}
        ),
    )


def again(who: Visitor, ask: Callable[[], Page]) -> Page:
    for _ in range(20):
        answer = ask()
        if answer.status not in {502, 503, 504}:
            return answer
        who.web = 1 - who.web
        time.sleep(0.2)
    return answer


def ask_by_mail(deployment: Hosts, faults: list[str]) -> None:
    """As the mail server before the door does: until it hears 250."""
    for number in range(BY_MAIL):
        raw = (
            f"From: Nora Bell <{BELL}>\r\nTo: help@cedar.example\r\n"
            f"Message-ID: <{number}.{os.getpid()}@cedar.example>\r\nSubject: By mail {number}\r\n\r\nIt is dark.\r\n"
        )
        for _ in range(30):
            try:
                with smtplib.SMTP(HOST, deployment.smtp_port, timeout=20) as door:
                    door.sendmail(BELL, ["help@cedar.example"], raw)
                break
            except (OSError, smtplib.SMTPException):
                time.sleep(0.3)
        else:
            faults.append(f"mail {number} was not taken")


@pytest.mark.slow
def test_everything_arrives_once_whoever_dies(deployment: Hosts) -> None:
    # the database, the first district and its link, by the operator's commands
    assert "as new as the code" in deployment.flask(
        "migrate", FRONTOFFICE_DATABASE_OWNER_URL=deployment.database["owner"]
    )
    for name in ("web-a", "web-b", "worker-1", "worker-2", "schedule", "mail-door"):
        deployment.start(name)
    opened = deployment.flask(
        "open-district",
        "cedar",
        *("--name", "Cedar Valley Schools", "--admin-email", "ada@cedar.example", "--admin-name", "Ada Lind"),
    )
    link = re.search(rf"{SITE}(/cedar/invitations/\S+)", opened)
    assert link is not None, opened
    for port in deployment.web_ports:
        wait_until(partial(is_ready, port), f"the web server at {port} is ready")

    # one browser, signed in through one web server, goes on at the other
    ada = accept(deployment, link[1], web=0)
    ada.web = 1
    school = ada.get("/cedar/admin/schools/new", status=200)
    ada.submit(school, status=303, name="Cedar School")
    for role, email_address in (("requester", BELL), ("technician", TESS)):
        ada.web = 1 - ada.web
        put_on_the_staff(ada, email_address, role)
    ada.submit(ada.get("/cedar/admin/opening-day"), "/opening-day/open", status=303)

    # their invitations left through the relay, and open their accounts at either
    for address in (BELL, TESS):
        wait_until(partial(link_to, deployment, address), f"{address} has an invitation")
    first = accept(deployment, link_to(deployment, BELL), web=1)
    second = Visitor(deployment.web_ports, web=0)
    page = second.get("/cedar/sign-in", status=200)
    second.submit(page, "/sign-in", status=303, email=BELL, password=PASSWORD)
    tess = accept(deployment, link_to(deployment, TESS), web=0)

    # that the district is open is known to every process by then, and to some before
    time.sleep(FRESH_FOR)

    # all at once, and then the power goes at one web host and at one worker
    faults: list[str] = []
    threads = [
        threading.Thread(target=ask_by_web, args=(first, "At B", faults)),
        threading.Thread(target=ask_by_web, args=(second, "At A", faults)),
        threading.Thread(target=ask_by_mail, args=(deployment, faults)),
    ]
    for thread in threads:
        thread.start()
    wait_until(lambda: deployment.asked("select count(*) from tickets")[0][0] >= 4, "work is under way", 20)
    deployment.kill("web-a")
    deployment.kill("worker-1")
    for thread in threads:
        thread.join(60)
    assert faults == []

    def all_done() -> bool:
        tickets = deployment.asked("select count(*) from tickets")[0][0]
        open_work = deployment.asked("select count(*) from work where failed_at is null and due_at <= now()")[
            0
        ][0]
        under_way = deployment.asked("select count(*) from messages where state in ('queued', 'sending')")[0][
            0
        ]
        return bool(tickets >= 2 * BY_WEB + BY_MAIL and open_work == 0 and under_way == 0)

    # answered by a technician whose own web server is gone
    tess.web = 1
    for number in range(1001, 1001 + ANSWERED):
        ticket = tess.get(f"/cedar/tickets/{number}", status=200)
        tess.submit(ticket, "/replies", status=303, text=f"Try the other cable, {number}.", then="wait")
    wait_until(all_done, "every ticket is there and every message has left")

    # each request once
    titles = Counter(title for (title,) in deployment.asked("select title from tickets"))
    wanted = {f"At {web} {number}" for web in "AB" for number in range(BY_WEB)}
    wanted |= {f"By mail {number}" for number in range(BY_MAIL)}
    assert titles == Counter(wanted)
    numbers = [number for (number,) in deployment.asked("select number from tickets order by number")]
    assert len(set(numbers)) == len(numbers)

    # each photo in the bucket, as its row says
    s3 = deployment.storage.client()
    rows = deployment.asked("select storage_key, sha256 from attachments where ticket_id is not null")
    assert len(rows) == 2 * BY_WEB
    for key, sha256 in rows:
        assert hashlib.sha256(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()).hexdigest() == sha256

    # each answer once at the relay
    left = Counter(
        str(email.message_from_bytes(raw, policy=email.policy.default)["Message-ID"])
        for _, _, raw in deployment.relay.got
    )
    states = dict(deployment.asked("select message_id, state from messages"))
    assert set(states.values()) == {"sent"}
    assert set(left) == set(states)
    # two invitations, a receipt for each mail, and the technician's answers
    kinds = Counter(
        kind for (kind,) in deployment.asked("select kind from messages where to_address = %s", BELL)
    )
    assert kinds == {"account_invited": 1, "ticket_received": BY_MAIL, "ticket_reply": ANSWERED}
    # What a worker had handed over when the power went, nobody can know: a receipt goes once more, as the same mail.
    twice = [message_id for message_id, times in left.items() if times > 1]
    assert len(twice) <= 1
    assert deployment.asked("select count(*) from work where failed_at is not null")[0][0] == 0

    # whoever looks after it is told that it is well
    (deployment.folder / "operator").mkdir(exist_ok=True)
    looked = json.loads(
        deployment.flask("check", "--json", FRONTOFFICE_DATABASE_OWNER_URL=deployment.database["owner"])
    )
    assert [one["name"] for one in looked["findings"] if one["verdict"] == "fail"] == []

    # what is left on the hosts' own disks is counts and an empty mail folder
    kept = [
        path
        for name in ("web-a", "web-b", "worker-1", "worker-2", "schedule", "mail-door", "operator")
        for path in (deployment.folder / name).rglob("*")
        if path.is_file() and "counts" not in path.parts
    ]
    assert kept == []

    # Bell's session, begun at a host that is gone, goes on
    second.web = 1
    page = second.get("/cedar/requests", status=200)
    assert "At A 0" in page.text
    for name in ("web-b", "worker-2", "schedule", "mail-door"):
        assert "Traceback" not in deployment.words_of(name), name
