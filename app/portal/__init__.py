"""The operator's room, above all districts: who runs this deployment, and when a district lets them look."""
