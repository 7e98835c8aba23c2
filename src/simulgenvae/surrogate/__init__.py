"""The trained product, how it is fitted, and its files."""
