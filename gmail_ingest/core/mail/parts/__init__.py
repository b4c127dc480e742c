"""The parts of a mail: which are its text, which are files, and what they say."""
