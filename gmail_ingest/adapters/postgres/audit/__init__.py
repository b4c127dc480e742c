"""Reads and corrections of comparisons with Gmail; dead letters; traces of single mails."""
