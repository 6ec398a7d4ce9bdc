"""One kind of error for what a user can put right: its message says everything there is to say."""


class CourseError(Exception):
    """An error whose message says what was expected, what was found, and what to do.

    Nothing was lost when it is raised. Commands print the message without a traceback.
    """


class SettingError(CourseError, ValueError):
    """A setting, or an argument in its place, with an unknown value."""
