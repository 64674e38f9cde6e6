"""A district's key is rotated: what lies under an older one is sealed anew, a batch at a time."""

from typing import Final

from app.core import clock, resealing
from app.core.db import db
from app.core.queue import later
from jobs import job

DROP: Final = "jobs.rotation.drop_older_keys"


@job
def reseal() -> None:
    """One batch, then the next; begun twice, each finds what is left."""
    done = resealing.a_batch(db.session())
    left = 1 if done else resealing.left(db.session())
    if left:
        # What somebody is writing just now was passed by: it is looked at again a little later.
        later(resealing.RESEAL, due=clock.now() if done else clock.ago(seconds=-5))
    else:
        later(DROP, due=clock.now() + resealing.OLDER_KEYS_OPEN_FOR)


@job
def drop_older_keys() -> None:
    """A day later: if a straggler was sealed under an older key meanwhile, it is sealed anew first."""
    is_over = resealing.drop_older_keys(db.session())
    if not is_over:
        later(resealing.RESEAL)
