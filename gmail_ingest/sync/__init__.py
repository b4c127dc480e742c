"""Use cases over the Protocols in ports.py."""
