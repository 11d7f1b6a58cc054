"""Where nbgrader finds this course; JupyterLab's formgrader and validate read it, too.

Grade with `python3 course.py grade`, which works around what nbgrader's own batch stumbles over and
runs students' code in a sandbox: what it has graded is what formgrader shows.
"""

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "slm-workbook"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "labs"
# Empty folders, by which formgrader counts: its button Autograde finds nothing there to execute.
c.CourseDirectory.submitted_directory = "build/grades/submitted"
c.CourseDirectory.autograded_directory = "build/grades/autograded"
c.CourseDirectory.feedback_directory = "build/grades/feedback"
c.CourseDirectory.solution_directory = "build/solution"
c.CourseDirectory.db_url = "sqlite:///build/grades/gradebook.db"
c.ExecutePreprocessor.timeout = 120
c.OverwriteCells.add_missing_cells = True
# A warning on stderr is no mistake; nbgrader would take the points for it.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = ".*"
