"""Time and memory of reading, preparing, training and predicting."""
