"""Keep the commands' old name, `python -m course_utils`, working for one release.

They are called `course` now.
"""

import sys
from importlib import import_module

if __name__ == "__main__":
    print("The commands have a new name: `course`, or `python -m course_tools`.", file=sys.stderr)
    sys.exit(import_module("course_tools.cli").main())
