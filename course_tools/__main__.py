"""`python -m course_tools` is the command `course`."""

import sys

from course_tools.cli import main

if __name__ == "__main__":
    sys.exit(main())
