"""The commands, one module per noun; each registers itself with the application."""
