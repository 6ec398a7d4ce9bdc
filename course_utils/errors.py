"""What goes wrong in a way that a person can mend: one kind of error, whose message is all there is
to say.
"""


class CourseError(Exception):
    """The message says what, expected, got, and what to do; nothing was lost. Commands print it
    without a traceback.
    """
