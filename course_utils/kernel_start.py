"""IPython runs this file at the start of every kernel under `make lab`."""

from course_utils import name_errors as _name_errors

_name_errors.listen()
del _name_errors
