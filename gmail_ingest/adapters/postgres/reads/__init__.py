"""What the CRM and operators read: lists, search, threads, status."""
