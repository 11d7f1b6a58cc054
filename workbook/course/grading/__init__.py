"""Grading: what `workbook.course.grade` is made of.

`submissions` finds what was handed in, `restore` puts the instructor's cells back, `boxes` and
`inside` execute a notebook in a sandbox, `one` turns what came out into points and a feedback
page, `gradebook` and `outputs` keep and show them.
"""

import sys

# jsonschema imports this to check URLs, if it can: over a second in every process, for nothing
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
