"""One of each: atomic writes, files of tensors, memory and disk, progress."""
