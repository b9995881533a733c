"""The database: positions, alerts, outbox, regimes."""
