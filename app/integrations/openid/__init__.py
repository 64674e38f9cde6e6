"""Sign-in with Google Workspace or Microsoft Entra ID, by OpenID Connect: the code flow with PKCE."""
