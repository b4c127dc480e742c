"""What the sender wrote: the text without the mail it answers, and the signature below it."""
