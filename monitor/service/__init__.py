"""Running at log-in and after a crash, by the machine's own service manager."""
