"""Sources of market data behind one protocol."""
