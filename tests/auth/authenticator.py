"""An authenticator in software: it makes keys and signs with them, honestly or as it is told to lie."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One key. What it says of the page and of itself can be changed before it is asked."""

    origin: str = "http://localhost"
    rp_id: str = "localhost"
    count: int = 0
    flags: int = PRESENT | VERIFIED
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: str, **lies: Any) -> str:
        """What a browser sends when a key is added."""
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        credential = bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(cose)
        said = self._client("webauthn.create", options, lies)
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._data(lies, WITH_KEY) + credential}
        return self._told(
            {"clientDataJSON": _text(said), "attestationObject": _text(cbor2.dumps(attestation))}
            | {"transports": ["internal", "carrier pigeon"]}
        )

    def sign(self, options: str, **lies: Any) -> str:
        """What a browser sends when somebody signs in."""
        self.count += 1
        said, data = self._client("webauthn.get", options, lies), self._data(lies)
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return self._told(
            {
                "clientDataJSON": _text(said),
                "authenticatorData": _text(data),
                "signature": _text(lies.get("signature", signature)),
            }
        )

    def _client(self, kind: str, options: str, lies: dict[str, Any]) -> bytes:
        challenge = lies.get("challenge", json.loads(options)["challenge"])
        said = {"type": kind, "challenge": challenge, "origin": lies.get("origin", self.origin)}
        return json.dumps({**said, "crossOrigin": False}).encode()

    def _data(self, lies: dict[str, Any], more: int = 0) -> bytes:
        rp = hashlib.sha256(lies.get("rp_id", self.rp_id).encode()).digest()
        flags = lies.get("flags", self.flags) | more
        return rp + bytes([flags]) + int(lies.get("count", self.count)).to_bytes(4)

    def _told(self, response: dict[str, Any]) -> str:
        name = _text(self.id)
        told = {"id": name, "rawId": name, "type": "public-key", "response": response}
        return json.dumps({**told, "clientExtensionResults": {}})


def _text(octets: bytes) -> str:
    return bytes_to_base64url(octets)


def challenge_of(options: str) -> bytes:
    """The bytes that are to be signed."""
    return base64url_to_bytes(json.loads(options)["challenge"])
