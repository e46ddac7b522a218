"""One network on several targets, compared spike by spike."""
