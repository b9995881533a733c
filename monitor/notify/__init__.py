"""Where alerts go: console, log files, later channels."""
