"""The command line: one small file per command, each with ``register`` (arguments) and ``run``."""
