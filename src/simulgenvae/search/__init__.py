"""Search for settings within a given time: ``simulgenvae train STUDY --budget 30m``.

Trials train single networks with other settings, short ones first and the better ones longer
(``scheduler.py``); what is left of the time is for the training with the chosen settings
(``time_plan.py``). Tested in tests/search/.
"""
