"""The formats of files, one module each; ``registry`` finds them."""
