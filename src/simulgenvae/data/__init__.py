"""Files become a :class:`~simulgenvae.data.dataset.Dataset`: readers, conditions, store, split and
check."""
