"""Upkeep of the foundation: the audit log is sealed, what has had its time is cleared away."""

from app.auth.models.held_sign_in import forget_old_held_sign_ins
from app.auth.models.one_time_link import forget_old_links
from app.auth.models.sign_in_attempt import forget_old_attempts
from app.auth.models.sign_in_flow import forget_old_flows
from app.auth.models.sign_in_step import forget_old_steps
from app.core import audit, drafts, orphans, queue, quotas, sessions
from jobs import job


@job
def seal_audit() -> None:
    """Chain a seal over what has been written since the last one."""
    audit.seal_entries()


@job
def clear_away() -> None:
    """Ended sessions, used links, old tries to sign in, drafts nobody came back for, work that failed."""
    sessions.forget_old_sessions()
    forget_old_links()
    forget_old_attempts()
    forget_old_steps()
    forget_old_flows()
    forget_old_held_sign_ins()
    drafts.forget_old_drafts()
    queue.forget_failed_work()


@job
def recount_storage() -> None:
    """See that what is counted as stored is what is stored."""
    quotas.recount()


@job
def delete_orphans() -> None:
    """Files of requests that were rolled back."""
    orphans.delete_orphans()
