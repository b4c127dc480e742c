"""Bytes to text: charsets, their labels, and encoded words in headers."""
