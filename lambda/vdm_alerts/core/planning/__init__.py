"""Query planning: which VDM queries a run makes next."""
