"""Twilio's own library, on a connection that egress opened. Imported only where a text leaves: it takes 30 MB.

Nothing of the machine is told (the library would name system and Python), nothing is read from the environment, and
whatever goes wrong is one of three outcomes: nobody has it, nobody will take it, nobody knows.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from app.core import egress
from app.core.queue import OutcomeUnknown, PermanentFailure, TryAgain

log = logging.getLogger(__name__)

__all__ = ["Client", "TwilioException", "code_of", "connected"]

NOT_REACHED: Final = "Twilio could not be reached."
SLOWER: Final = "Twilio asks us to slow down."
SILENT: Final = "Twilio did not say whether it took the text, so nobody knows yet whether it was sent."

#: What a text carries to Twilio: the promise of the subprocessors page, kept at the door.
MAY_PASS: Final = frozenset({"To", "From", "MessagingServiceSid", "Body", "StatusCallback"})
#: Given instead of our process's environment, in which somebody's TWILIO_REGION would name other hosts.
NO_ENVIRONMENT: Final = {"TWILIO": ""}


def connected(
    client: egress.Client, *, api: str, key: str, secret: str, account: str, patience: float
) -> Client:
    """The library for one account, which an API key opens."""
    made = Client(
        key, secret, account, http_client=_OverEgress(client, patience), environment=dict(NO_ENVIRONMENT)
    )
    made.api.base_url = api
    return made


def code_of(error: TwilioException) -> int:
    """The number by which Twilio says what is wrong; 0 where it does not."""
    code = error.code if isinstance(error, TwilioRestException | TwilioServiceException) else 0
    return code if isinstance(code, int) else 0


class _OverEgress(HttpClient):
    """The transport that the library is handed."""

    def __init__(self, client: egress.Client, patience: float) -> None:
        super().__init__(log, False, patience)
        self._client = client

    def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """One call. Raises TryAgain where nobody has it, and OutcomeUnknown where somebody may."""
        if set(data or {}) - MAY_PASS:
            raise PermanentFailure("Nothing but a number and a text goes to Twilio, so this did not.")
        try:
            answer = self._client.request(method, uri, params=params, data=data, auth=auth)
        except egress.OutsideRefused as refused:
            raise TryAgain(str(refused)) from refused
        except egress.NotConnected as error:
            raise TryAgain(NOT_REACHED) from error
        except (egress.CallFailed, OSError) as error:
            raise OutcomeUnknown(SILENT) from error
        if answer.status_code == 429:
            raise TryAgain(SLOWER)
        if answer.status_code >= 500 or not _is_an_object(answer.content):
            log.warning("twilio answered %s and nothing of use", answer.status_code)
            raise OutcomeUnknown(SILENT)
        return Response(answer.status_code, answer.text)


def _is_an_object(content: bytes) -> bool:
    """A gateway in trouble says 200 and HTML."""
    try:
        return isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        return False
