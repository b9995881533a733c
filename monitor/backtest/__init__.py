"""The grid backtest: pricing, engine and statistics. Pure over arrays; no disk, no network."""
