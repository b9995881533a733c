"""The `monitor` command and its subcommands."""
