"""A letter that has left, set again from what was kept of it, for whoever must see what a family was sent.

The file that was printed holds the letters of other families, and a page that is taken out of it loses the order in
which it is read. So it is set anew from the kept words, and says so; the hash of that file is told with it.
"""

from dataclasses import dataclass
from typing import Final

from app.core import clock
from app.core.directory import district_by_id
from app.core.tenancy import current_district_id
from app.integrations.typesetting.letters import Letter
from app.integrations.typesetting.paper import Paper
from app.notices.actions.collating import as_letter
from app.notices.actions.lettering import day_in_words
from app.notices.models.notice import LETTER, Notice
from app.notices.models.notice_setting import NoticeSender, NoticeSetting
from app.notices.models.print_batch import PrintFile
from app.roster.models.envelopes import envelope_to

#: In place of an address to which letters to them do not go today: it may be one that somebody else must not learn.
NO_ADDRESS: Final = "(address not shown: letters do not go there now)"


@dataclass(frozen=True)
class Reprint:
    """A letter as it left, its sheet, and how far it is what was printed: some sentences."""

    letter: Letter
    paper: Paper
    note: str


def as_it_left(notice: Notice) -> Reprint | None:
    """The letter of a notice that was printed and has left; None of any other."""
    if notice.channel != LETTER or notice.left_at is None or notice.batch_id is None or not notice.words:
        return None
    file = PrintFile.with_envelope(notice.batch_id, notice.envelope or 0)
    printed_at = file.made_at if file else notice.left_at
    sender = NoticeSender.for_school(notice.school_id)
    notes = [f"Set again from the words that were kept, as it left on {_day(notice)}."]
    if file is not None:
        notes.append(f"It was envelope {notice.envelope} of a printed file with the SHA-256 {file.sha256}.")
    else:
        notes.append("The file from which it was printed is not kept any more.")
    if sender is None or not sender.stood_as_now(printed_at):
        notes.append("The sender’s lines are those of today.")
    address = tuple((notice.address or notice.addressee or "").splitlines())
    home = envelope_to(notice.student, notice.guardian_ids)
    if home is None or home.address != address[1:]:
        address = (*address[:1], NO_ADDRESS)
    return Reprint(
        letter=as_letter(notice, address, printed_at),
        paper=NoticeSetting.of_this_district().paper,
        note=" ".join(notes),
    )


def _day(notice: Notice) -> str:
    card = district_by_id(current_district_id())
    assert card is not None  # the wall is up, so the district is there
    assert notice.left_at is not None
    zone = notice.school.zone_name if notice.school else card.zone
    return day_in_words(clock.local(notice.left_at, zone).date())
