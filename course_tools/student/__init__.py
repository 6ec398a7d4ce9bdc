"""Commands for students: open the lessons, hand one in, start one again."""
