"""The queue: rows, jobs, drains, pushes."""
