"""`python -m bench.sink PORT FILE`: a mail server that counts. What it accepted is on the disk before it says 250.

A line a mail: its Message-ID, a space, and the one that it answers.
"""

import asyncio
import os
import sys
from email.parser import BytesHeaderParser

from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


class Ledger:
    """Writes down what it accepts."""

    def __init__(self, path: str) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert envelope.original_content is not None
        headers = BytesHeaderParser().parsebytes(envelope.original_content)
        names = (str(headers.get(name, "-")).strip() for name in ("Message-ID", "In-Reply-To"))
        os.write(self.file, (" ".join(names) + "\n").encode())
        os.fdatasync(self.file)
        return "250 2.0.0 It is counted."


async def serve(port: int, path: str) -> None:
    """Until killed."""
    ledger, loop = Ledger(path), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(ledger, loop=loop, hostname="sink"), HOST, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
