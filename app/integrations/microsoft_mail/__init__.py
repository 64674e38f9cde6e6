"""Microsoft Graph: the desk's mail leaves from one mailbox of the district's Microsoft 365."""
