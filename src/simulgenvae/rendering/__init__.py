"""Images and films of fields on their mesh, drawn off-screen by VTK."""
