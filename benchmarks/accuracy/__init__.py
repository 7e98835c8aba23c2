"""The suite of problems on which the surrogate is compared with other methods."""
