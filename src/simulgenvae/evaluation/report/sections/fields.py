"""Section with nodes over time, fields at some times, and the error at each node."""

from simulgenvae.evaluation.report.section import Section

FIELDS = Section("Fields", "report/fields.html")
