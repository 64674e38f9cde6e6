"""Google Directory: who has an account in the district's Google Workspace, by the Admin SDK's Directory API."""
