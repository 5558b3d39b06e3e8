"""Python's collector of cycles, set up for a process that lives long and makes much."""

import gc

#: New objects, less those freed, after which the collector of cycles looks at them.
_OBJECTS_BETWEEN_LOOKS = 50_000


def rarely_look_for_cycles() -> None:
    """Let the collector of cycles pass over what lives for ever, and look at the rest less often.

    What a request or a mail makes is freed when its last reference goes: looking at all of it
    again every 700 objects, as is Python's habit, takes a fifth of the time of a busy gateway and
    a tenth of a busy worker's. Called once everything is open.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS, *gc.get_threshold()[1:])
