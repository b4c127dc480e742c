"""One account: its messages, threads, labels, history, attachments, and the search over them."""
