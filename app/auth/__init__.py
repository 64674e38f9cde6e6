"""Who may come in: accounts, their roles, sign-in, invitations and new passwords."""
