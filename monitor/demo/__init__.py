"""The simulated session of `--source demo`: market, positions, grid, clock and a home apart."""
