"""Problems whose runs have meshes of their own, and published methods for them."""
