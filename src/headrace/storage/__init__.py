"""Where data lives: connections, objects, formats, and our own database."""
