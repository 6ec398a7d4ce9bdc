"""What instructors and maintainers run: `python -m course_utils …`. Lessons never import from here."""
