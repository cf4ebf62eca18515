"""What people read: text tables, figures, the page, and the files they are written to."""
