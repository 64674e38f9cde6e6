"""What Twilio says by number and by word, said to the people who look after the texts.

Twilio's error dictionary (twilio.com/docs/api/errors) and “Message status values”.
"""

from typing import Final

#: Somebody answered STOP there: the same as if they had told us.
STOPPED: Final = 21610

#: Twilio refuses because of how the district's account is set up: nobody's number is at fault, and it may come right.
ACCOUNT: Final = {
    20003: "Twilio does not accept the API key; see the settings of Twilio.",
    20404: "Twilio does not know the account or the sender; see the settings of Twilio.",
    21408: "Texts to this country are not allowed in the Twilio account (Messaging › Geo permissions).",
    21603: "No sender is set up for texts; see the settings of Twilio.",
    21606: "The sender is no number of the Twilio account that can send texts; see the settings of Twilio.",
    21607: "A trial account of Twilio texts confirmed numbers alone.",
    21608: "A trial account of Twilio texts confirmed numbers alone.",
    21611: "Too many texts wait at Twilio for this sender.",
    21659: "The sender is no number of the Twilio account; see the settings of Twilio.",
    21703: "The messaging service has no number; add one at Twilio.",
    21705: "Twilio does not know the messaging service; see the settings of Twilio.",
    30001: "Too many texts wait at Twilio for this sender.",
    30002: "The Twilio account is suspended. Ask Twilio why.",
    30034: "The sender is not registered for texts in the United States (10DLC). Register it at Twilio.",
    30032: "The toll-free sender is not verified yet. Verify it at Twilio.",
}

#: Of one number or one text: sending it again changes nothing.
FINAL: Final = {
    STOPPED: "Whoever has this number answered STOP, so nothing is sent to it.",
    21211: "This is no phone number.",
    21214: "This number cannot be reached.",
    21217: "This is no phone number.",
    21612: "This number cannot be reached from our sender.",
    21614: "This is no mobile phone.",
    21617: "The text is too long.",
    21635: "This is a landline, which takes no texts.",
    30003: "The phone could not be reached: it is off, out of reach, or the number is not in use.",
    30004: "The phone takes no texts from us: its owner or its network blocks them.",
    30005: "The number is not in use any more.",
    30006: "This is a landline, or its network takes no texts.",
    30007: "The phone network took this for spam and did not deliver it.",
    30008: "The phone network did not deliver it, and did not say why.",
    30410: "The phone network did not deliver it in time.",
}

NOT_DELIVERED: Final = "It could not be delivered."

#: How far each status has come; whoever speaks of an earlier one comes late.
RANK: Final = {
    "accepted": 1,
    "scheduled": 1,
    "queued": 2,
    "sending": 3,
    "sent": 4,
    "delivered": 9,
    "read": 9,
    "undelivered": 9,
    "failed": 9,
    "canceled": 9,
}
ARRIVED: Final = frozenset({"delivered", "read"})
LOST: Final = frozenset({"undelivered", "failed", "canceled"})


def why(code: int) -> str:
    """A sentence for a person, with Twilio's number where there is one."""
    words = FINAL.get(code) or ACCOUNT.get(code) or NOT_DELIVERED
    return f"{words} ({code})" if code else words
