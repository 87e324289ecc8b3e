"""skdl's own decoders of image files, which enter by the same door as those of a stranger.

Decisions: docs/decisions.md#image-files-and-formats.
"""
