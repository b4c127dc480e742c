"""What the sender wrote: the text without quoted mail, and the signature below it."""
