"""Parts with a mail inside that Gmail does not parse: S/MIME, winmail.dat, raw mail."""
