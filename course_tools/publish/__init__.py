"""From the notebooks to all that is read: pages, decks, student versions, a class repository."""
