"""Putting the page, the API and the engine together into one server."""
