"""The help desk: somebody's trouble becomes a ticket, and the ticket an answer."""
