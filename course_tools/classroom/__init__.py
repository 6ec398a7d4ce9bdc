"""The class: who is in it, when lessons are due, what a person decides, and what comes of it."""
