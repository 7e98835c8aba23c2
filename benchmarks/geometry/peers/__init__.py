"""Published methods and simple ones for runs with meshes of their own."""
