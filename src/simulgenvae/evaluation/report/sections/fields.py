"""Section with nodes over time, fields at some times, and the error at each node.

Tested in tests/evaluation/report/test_report.py.
"""

from simulgenvae.evaluation.report.section import Section

FIELDS = Section("Fields", "report/fields.html")
