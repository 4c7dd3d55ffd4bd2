"""Which VDM queries to make next."""
