"""Condorwatch: an alert-only monitor for index credit spreads."""

__version__ = "0.1.0"
