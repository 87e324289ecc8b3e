"""Model files that are not as they were saved."""

import json

import helpers


def tool():
    """tools/mutated_models.py as a module."""
    return helpers.tool("mutated_models")


def with_members(path, change):
    """Write a file again with other members, and right checksums."""
    members = tool().unpacked(path.read_bytes())
    change(members)
    path.write_bytes(tool().mended(members))


def with_schema(path, change):
    """Write a file again with another tree of what is made."""

    def inside(members):
        model = tool().unpacked(members["model.skops"])
        schema = json.loads(model["schema.json"])
        change(schema)
        members["model.skops"] = tool().packed(
            {**model, "schema.json": json.dumps(schema).encode()}
        )

    with_members(path, inside)
