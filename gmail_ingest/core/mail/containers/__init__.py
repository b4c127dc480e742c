"""Parts that hold a mail which Gmail did not look into: S/MIME, winmail.dat, raw mail."""
