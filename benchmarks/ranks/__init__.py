"""Trainings in several processes: agreement with one process, restarts, time of exchanges."""
