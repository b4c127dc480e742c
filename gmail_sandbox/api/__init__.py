"""Google's own calls, at Google's own paths: Gmail, batches, OAuth."""
