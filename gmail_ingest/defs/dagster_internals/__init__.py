"""Where Dagster's private modules are used, and what its processes load by ``dagster.yaml``.

Add here: a use of a module of Dagster that begins with an underscore, with what would make it
unnecessary. Keep out: assets, jobs, sensors, and when something is to be done.
Source: docs/dagster.md#private-modules. ``pyproject.toml`` pins Dagster's minor version, and each
module has a test that runs the real Dagster.
"""
