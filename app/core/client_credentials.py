"""Key and secret are exchanged for a token that goes with each question. RFC 6749 §4.4."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from app.core import asking, egress
from app.core.asking import Said, text
from app.core.feed import Unreadable

LONGEST_TOKEN: Final = 16_000


@dataclass
class Token:
    """Kept in memory while one job goes on. `server`: who gives it, as sentences call it."""

    server: str
    key: str
    secret: str = field(repr=False)
    address: str
    _token: str = field(default="", repr=False)

    def ask(
        self,
        client: egress.Client,
        address: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        listed: str = "",
    ) -> Said:
        """What is answered to a question, asked once more where a token had ended. Raises Unreadable and NotNow."""
        for _ in range(2):
            if not self._token:
                self._token = self._asked_for(client)
            said = asking.ask(
                client,
                self.server,
                "GET",
                address,
                params=params or None,
                headers={"Authorization": f"Bearer {self._token}", **(headers or {})},
                listed=listed,
            )
            if said.status != 401:
                break
            self._token = ""
        return said

    def _asked_for(self, client: egress.Client) -> str:
        pair = f"{quote(self.key, safe='')}:{quote(self.secret, safe='')}"
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        form = {"grant_type": "client_credentials"}
        said = asking.ask(
            client, self.server, "POST", self.address, form=form, headers=headers, none_stays=True
        )
        if said.status in (400, 401, 403):
            raise Unreadable(
                f"{self.server} does not accept the key and the secret. Check both, or make a new pair there."
            )
        token = text(said.body, "access_token")
        if not said.is_good or not token or len(token) > LONGEST_TOKEN or not token.isascii():
            raise Unreadable("The address for tokens gave none. Check it.")
        return token
