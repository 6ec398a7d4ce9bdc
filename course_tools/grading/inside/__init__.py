"""What runs in the sandbox, beside a student's code, and without the course."""
