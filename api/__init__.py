"""The REST API and the WebSockets, and who may use them: FastAPI only, knows the engine and no page.

A program that serves needs three lines: make an `AccessPolicy`, make a `Site`, pass its `launch_options()` to
Gradio's `launch`.
"""

from api.access import AccessPolicy
from api.site import Site

__all__ = ["AccessPolicy", "Site"]
