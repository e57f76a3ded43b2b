"""The entry point of ``python -m studio``."""

from studio.cli.program import app

app(prog_name="python -m studio")
