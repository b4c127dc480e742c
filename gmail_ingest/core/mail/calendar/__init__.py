"""Calendar files as text that a person reads."""
