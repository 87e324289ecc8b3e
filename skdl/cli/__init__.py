"""The command line: ``skdl`` and ``python -m skdl``."""

from skdl.cli._main import main

__all__ = ["main"]
