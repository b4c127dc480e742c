"""Calendar files as programs write them, with what a person would say of each."""
