"""The commands are called `course` now.

Their old name, `python -m course_utils`, is heard for one release.
"""

import sys
from importlib import import_module

if __name__ == "__main__":
    print("The commands have a new name: `course`, or `python -m course_tools`.", file=sys.stderr)
    sys.exit(import_module("course_tools.cli").main())
