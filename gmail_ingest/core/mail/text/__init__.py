"""Forms of text: HTML, format=flowed, enriched text, OpenPGP in the text."""
