"""Reading of secrets that a process needs to start."""
