"""The engine: configuration, environments, runs and the store; usable from a notebook without any page."""

__version__ = "0.1.0"
