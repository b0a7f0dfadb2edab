"""What the page of the package leaves out."""

import collections

FIELD = type(collections.namedtuple("Point", "x").x)


def leave_out_fields(app, what, name, member, skip, options):
    """Leave out what Python says of a named tuple's field; the class's own words name them all."""
    return True if isinstance(member, FIELD) else None
