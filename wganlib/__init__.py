"""The small package behind *Wasserstein GANs, Measured*."""


def __getattr__(name: str) -> object:
    """Import `diagnose` when it is asked for: the NumPy half of the package does without torch."""
    if name != "diagnose":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from wganlib.diagnosis import diagnose

    return diagnose
