"""Address headers: who wrote a mail, to whom, and which address is whose."""
