"""The page: it only reads snapshots."""
