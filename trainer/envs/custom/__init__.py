"""Environments of the user's own: Python files in a folder, run only once their user has said so.

`files` finds them without importing any, `checking` tries one in a process of its own, `source` brings one that was
enabled into this process, `shelf` remembers what was enabled and answers the page.
"""
