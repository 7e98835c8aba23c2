"""Training in several processes: how they meet and what they exchange."""
