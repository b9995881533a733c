"""Alembic's scripts: every version of the schema, oldest first."""
