"""``make demo``: three days of invoices through the whole lake, and a summary of what happened."""
