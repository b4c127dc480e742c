"""Local processes: starts, watches and stops what a deployment runs as separate services.

A room beside ``cli``: it knows commands, environments, ports and logs.
"""
