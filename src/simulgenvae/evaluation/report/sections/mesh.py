"""Section with images of the fields on the mesh."""

from simulgenvae.evaluation.report.section import Section

MESH = Section("On the mesh", "report/mesh.html")
