"""Mail as bytes: MIME, headers, charsets, search words, mbox files, and Gmail's payload of it."""
