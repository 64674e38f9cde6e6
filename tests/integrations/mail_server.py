"""A mail server of our own, with aiosmtpd: it misbehaves on request, and shows what reached it."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"
USER, PASSWORD = "desk", "seven green boats"


@dataclass
class Peer:
    """What it answers, by recipient and by step; and what it got."""

    answers_rcpt: dict[str, str] = field(default_factory=dict)
    answers_data: str = "250 2.0.0 Taken"
    answers_mail: str = ""
    #: Take the whole mail and then say nothing, or hang up.
    silent_after_data: bool = False
    hangs_up_after_data: bool = False
    got: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answers_mail:
            return self.answers_mail
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.answers_rcpt:
            return self.answers_rcpt[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert envelope.original_content is not None
        self.got.append((envelope.mail_from or "", list(envelope.rcpt_tos), envelope.original_content))
        self.encrypted.append(session.ssl is not None)
        if self.silent_after_data:
            await asyncio.sleep(30)
        if self.hangs_up_after_data:
            server.transport.close()
        return self.answers_data


def check_password(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
) -> AuthResult:
    """aiosmtpd's authenticator: one user, one password."""
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=right)


def start(peer: Peer, **options: Any) -> Controller:
    """A listening server on a free port of this machine."""
    with socket.create_server((HOST, 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(peer, hostname=HOST, port=port, ready_timeout=20, **options)
    controller.start()
    return controller


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A context for the server, and one for a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "server.crt", folder / "server.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(public, private)
    return server, ssl.create_default_context(cafile=str(public))
