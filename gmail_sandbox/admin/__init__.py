"""The admin API under ``/sandbox``: how people and tests move the sandbox."""
