"""The `positions` command."""
