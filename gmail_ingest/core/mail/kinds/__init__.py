"""What a mail is: a person's, a report, an automatic answer, a list's, an invitation."""
