"""What databases differ in, a file for each; its name is the kind of its connections."""
