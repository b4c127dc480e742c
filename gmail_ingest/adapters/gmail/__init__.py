"""Google's side: Gmail API calls, OAuth tokens, delegation."""
