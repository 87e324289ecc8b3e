"""Small things without a subject; nothing here knows an image."""
