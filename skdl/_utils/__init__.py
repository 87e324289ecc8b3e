"""Small things without a subject; nothing here knows an image.

Decisions: docs/decisions.md#layers-and-plugins.
"""
