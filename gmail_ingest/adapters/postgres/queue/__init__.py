"""The queue, its jobs and drains, and what arrives by push."""
