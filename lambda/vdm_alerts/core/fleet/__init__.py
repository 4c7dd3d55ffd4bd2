"""Fleets: the accounts and Regions that one deployment monitors."""
