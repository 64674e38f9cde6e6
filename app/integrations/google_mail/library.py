"""Google's own library for Gmail, on a connection that egress opened. Imported where a mail leaves: it is large."""

import json
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any, Final

from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from httplib2 import Response

from app.core import egress
from app.core.handing_over import hand_over

NAME: Final = "Gmail"

__all__ = ["NAME", "HttpError", "gmail"]


def gmail(client: egress.Client, api: str, token: str, before: Callable[[], object]) -> Any:
    """The library at that address. `before` is called as its one call begins.

    The description of Gmail lies in the library: nothing is fetched. Uploads would go to a host of their own, so mail
    goes within the call.
    """
    place = resources.files("googleapiclient") / "discovery_cache/documents/gmail.v1.json"
    described = json.loads(place.read_text())
    described["rootUrl"] = described["baseUrl"] = f"{api}/"
    described.pop("mtlsRootUrl", None)
    return build_from_document(described, http=_OverEgress(client, token, before))


class _OverEgress:
    """What the library takes for httplib2. It is told nothing of the machine, and tries nothing again."""

    def __init__(self, client: egress.Client, token: str, before: Callable[[], object]) -> None:
        self._client, self._token, self._before = client, token, before

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> tuple[Response, bytes]:
        """One call. Raises TryAgain and OutcomeUnknown."""
        if method != "POST":
            raise ValueError("Mail is posted, and nothing else is asked.")
        carried = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        said = hand_over(self._client, NAME, uri, before=self._before, headers=carried, content=body or b"")
        return Response({"status": str(said.status)}), json.dumps(said.body).encode()

    def close(self) -> None:
        """The connection is not ours to close."""
