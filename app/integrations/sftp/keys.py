"""The key pair with which we sign in at an SSH server. Made here, so that its private half never travels."""

from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

#: What stands behind the public line, so that whoever keeps the server knows whose it is.
WHOSE: Final = "frontoffice"


def make() -> tuple[str, str]:
    """The private half, as OpenSSH writes it, and the public line, as it stands in an authorized_keys file."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode(), f"{public.decode()} {WHOSE}"
