"""The one error type that a learner meets."""


class CourseError(Exception):
    """One sentence that says what is wrong, what was found, and what to do next.

    Raised for everything that a user of the course can put right. The command line and the
    notebooks print its text without a traceback.
    """
