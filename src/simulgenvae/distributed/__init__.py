"""Training in several processes: how they start, meet, exchange numbers and end together."""
