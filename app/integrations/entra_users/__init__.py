"""Entra users: who has an account in the district's Microsoft tenant, by Microsoft Graph."""
