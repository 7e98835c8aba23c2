"""Memory of a training: what each phase of it needs, and refusals before anything is allocated.

1. ``peak``: counter of the memory of a computation on tensors that have only shapes.
2. ``stage_memory``: memory of the networks, and of a step of each stage, by that counter.
3. ``phases``: everything that is in memory at the same time in each phase of a training.
4. ``require``: these phases compared with what is free, and the message where they do not fit.
5. ``findings``: the same comparison for the check of a study, before its fields are reduced.
6. ``out_of_memory``: the message where memory runs out during a stage all the same.
"""
