"""Where a session's code runs. The thread executor is the default."""
