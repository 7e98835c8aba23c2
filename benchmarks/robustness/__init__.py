"""Campaign against damaged inputs: mutated files must end in a clear message, or be read."""
