"""What comparisons with Gmail read and mend; dead letters; traces of single mails."""
