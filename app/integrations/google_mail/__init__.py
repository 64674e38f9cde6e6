"""Gmail: the desk's mail leaves from one mailbox of the district's Google Workspace."""
