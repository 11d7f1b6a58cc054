"""Grading: what `workbook.course.grade` is made of.

`submissions` finds what was handed in, `restore` puts the instructor's cells back, `boxes` and
`inside` execute a notebook in a sandbox, `one` turns what came out into points and a feedback
page, `gradebook` and `outputs` keep and show them.
"""
