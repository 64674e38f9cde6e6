"""A mail within a mail: what somebody forwarded, in the ways in which the usual programs do it.

Forwarded inline, the head of the first mail stands in the text as words; forwarded as an attachment, the whole
mail is a file. Either way it is the forwarder's word: who may be believed is for the help desk to say.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from app.integrations.mailbox.headers import Address, addresses_in
from app.integrations.mailbox.parse import ParsedMail, parse

#: The head of a forwarded mail stands near the top, beneath what the forwarder says of it.
MOST_LINES: Final = 200
LONGEST_HEAD: Final = 16
LONGEST_LINE: Final = 2000

#: What stands before the colon, in the languages in which mail programs write it.
_FROM: Final = "from|von|de|da|van|från|fra|od|от|差出人|发件人|寄件者|보낸사람"
_SUBJECT: Final = (
    "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|ämne|emne|temat|тема|件名|主题|主旨|제목"
)
_OTHERS: Final = (
    "date|sent|to|cc|bcc|reply-to|importance|datum|gesendet|an|kopie|antwort an|envoyé|envoyé le|à|répondre à"
    "|fecha|enviado|enviado el|para|data|inviato|a|enviada|enviada em|verzonden|aan|skickat|till|sendt|til|dato"
    "|wysłano|do|дата|отправлено|кому|копия|日時|送信日時|宛先|发送时间|日期|收件人|抄送|날짜|받는사람"
)
#: The subject of what was forwarded, as programs begin it. Not VS: it answers in Finnish and forwards in Danish.
_PREFIXES: Final = "fwd|fw|wg|tr|rv|enc|i|doorst|vb|pd|vl|далее|переслано|转发|轉寄|転送|전달"

FROM: Final = frozenset(_FROM.split("|"))
SUBJECT: Final = frozenset(_SUBJECT.split("|"))

_COMMAND = re.compile(r"^\s*[@#]fwd\b[ \t]*[:,]?[ \t]*", re.IGNORECASE)
_PREFIX = re.compile(rf"^\s*({_PREFIXES})\s*[:：]\s*", re.IGNORECASE)
_LABEL = re.compile(
    rf"^[*\s]*(?P<label>{_FROM}|{_SUBJECT}|{_OTHERS})[*\s]*[:：]\*?\s*(?P<value>.*)$",
    re.IGNORECASE,
)
_MARKER = re.compile(
    r"""^[-\s*_]*(
        (begin[ ])?forwarded[ ]message | (anfang[ ]der[ ])?weitergeleitete[nr]?[ ](nachricht|mail|e-mail)
      | (début[ ]du[ ])?message[ ](transféré|réexpédié) | (inicio[ ]del[ ])?mensaje[ ]reenviado
      | (inizio[ ])?messaggio[ ]inoltrato | (início[ ]da[ ])?mensagem[ ](encaminhada|reencaminhada)
      | (begin[ ])?doorgestuurd[ ]bericht | vidarebefordrat[ ](meddelande|brev) | videresendt[ ](melding|besked)
      | przekazana[ ]wiadomość | пересылаемое[ ](сообщение|письмо) | 転送されたメッセージ | 转发的(邮件|信息)
    )[-\s*_:：]*$""",
    re.IGNORECASE | re.VERBOSE,
)
_RULE = re.compile(r"^[-_=*\s]{3,}$|^-{2,}.{3,60}-{2,}$")
_QUOTED = re.compile(r"^>[ ]?")
_MAILTO = re.compile(r"\[?mailto:", re.IGNORECASE)


@dataclass(frozen=True)
class Forwarded:
    """The mail that was forwarded, and what its forwarder says above it."""

    #: None where the program wrote a name and no address.
    sender: Address | None
    subject: str
    text: str = field(repr=False)
    said: str = field(repr=False)
    #: The mail itself, where it was forwarded as an attachment.
    whole: ParsedMail | None = None


def forwarded_in(mail: ParsedMail) -> Forwarded | None:
    """What this mail forwards; None for a mail of its writer's own, and for an answer that only quotes."""
    asked = _COMMAND.match(mail.text)
    text = _COMMAND.sub("", mail.text, count=1)
    says_so = bool(asked) or bool(_PREFIX.match(mail.subject))
    attached = [one for one in mail.files if one.declared_type == "message/rfc822"]
    if says_so and len(attached) == 1:
        inner = parse(attached[0].content)
        sender = Address(inner.from_name, inner.from_address) if inner.from_address else None
        return Forwarded(sender, inner.subject, inner.text, text.strip(), inner)
    return _inline(text, _without_prefix(mail.subject), says_so)


def _inline(text: str, subject: str, says_so: bool) -> Forwarded | None:
    lines = text.split("\n")
    plain = [_QUOTED.sub("", line[:LONGEST_LINE]) for line in lines[:MOST_LINES]]
    for start in range(len(plain)):
        head = _head(plain[start:])
        if not head:
            continue
        above = _above(plain, start)
        if not says_so and above == start:
            return None
        end = start + len(head)
        stated = dict(_labelled(head))
        sender = next(addresses_in(_MAILTO.sub("", stated["from"]).replace("]", " ")), None)
        return Forwarded(
            sender=sender,
            subject=stated.get("subject", "") or subject,
            text=_unquoted(lines[end:]),
            said=_unquoted(lines[:above]),
        )
    return None


def _head(lines: Sequence[str]) -> list[str]:
    """The lines of a mail's head that begin here: who, and two things more. Long values go on in the next line."""
    if not lines or not _LABEL.match(lines[0]):
        return []
    head: list[str] = []
    for line in lines[:LONGEST_HEAD]:
        if not line.strip() or (not _LABEL.match(line) and not _goes_on(line)):
            break
        head.append(line)
    while head and not _LABEL.match(head[-1]) and not _goes_on(head[-1]):
        head.pop()
    stated = list(_labelled(head))
    return head if len(stated) >= 3 and "from" in dict(stated) else []


def _goes_on(line: str) -> bool:
    """A long list of recipients is broken between two of them."""
    return line.startswith((" ", "\t")) or "@" in line


def _labelled(head: Sequence[str]) -> list[tuple[str, str]]:
    stated = []
    for line in head:
        found = _LABEL.match(line)
        if found:
            label = found["label"].lower()
            name = "from" if label in FROM else "subject" if label in SUBJECT else label
            stated.append((name, found["value"].strip(" *")))
    # The first of each: what follows may belong to a mail within that mail.
    return list(dict(reversed(stated)).items())


def _above(lines: Sequence[str], start: int) -> int:
    """Where the line stands that says "forwarded message"; `start` itself if none does."""
    at = start
    while (
        at > 0
        and (not lines[at - 1].strip() or _RULE.match(lines[at - 1]))
        and not _MARKER.match(lines[at - 1])
    ):
        at -= 1
    return at - 1 if at > 0 and _MARKER.match(lines[at - 1]) else start


def _unquoted(lines: Sequence[str]) -> str:
    told = [line for line in lines if line.strip()]
    if told and all(line.startswith(">") for line in told):
        lines = [_QUOTED.sub("", line) for line in lines]
    return "\n".join(lines).strip("\n ").rstrip()


def _without_prefix(subject: str) -> str:
    while (shorter := _PREFIX.sub("", subject, count=1)) != subject:
        subject = shorter
    return subject
