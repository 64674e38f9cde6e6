"""Which SFTP server, and who we are there."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where, and as whom. `service`: its key in the registry of outside services (core/services.py)."""

    service: str
    host: str
    port: int
    user: str
    #: As `host_key_of` told it, and a person confirmed it; "" before that.
    host_key: str = ""
