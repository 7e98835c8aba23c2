"""SimulGenVAE: whole transient simulation fields of new designs in milliseconds."""
