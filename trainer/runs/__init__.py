"""The life of a run: states, control, sessions, checkpoints and the manager that decides which run lives."""
