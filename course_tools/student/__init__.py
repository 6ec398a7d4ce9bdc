"""For students: a lab on their own copies, handing in, beginning afresh."""
