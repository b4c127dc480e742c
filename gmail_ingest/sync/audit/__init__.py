"""Is any mail missing, and why? Comparing with Gmail, repairing, explaining, reading again."""
