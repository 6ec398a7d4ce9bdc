from course_utils import early as _early

_early.listen()
del _early
