"""The SLM Deployment Workbook: a course package, floor by floor (see README.md)."""
