"""The demo's physics: a finite-element study that is solved on the spot (needs the extra
``mesh``)."""
