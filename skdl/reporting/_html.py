"""A report as one HTML file that needs nothing else."""

import base64
from functools import lru_cache
from importlib.resources import files
from typing import Any

from skdl.reporting._content import Content
from skdl.reporting._words import ABOUT_COMPARISONS


def render(content: Content) -> str:
    """Return the HTML."""
    page: str = _template().render(
        content=content, encoded=_encoded, about_comparisons=ABOUT_COMPARISONS
    )
    return page


@lru_cache(maxsize=1)
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("skdl.reporting").joinpath("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source)


def _encoded(png: bytes) -> str:
    return base64.b64encode(png).decode()
