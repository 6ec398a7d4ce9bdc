"""What is generated from the notebooks: pages, decks, student versions, a class repository."""
