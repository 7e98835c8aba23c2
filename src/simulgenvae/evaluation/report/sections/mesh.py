"""Section with images of the fields on the mesh.

Tested in tests/evaluation/report/test_report.py.
"""

from simulgenvae.evaluation.report.section import Section

MESH = Section("On the mesh", "report/mesh.html")
