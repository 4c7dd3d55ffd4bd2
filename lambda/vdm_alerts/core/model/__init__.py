"""Shared vocabulary: metrics, scopes, rates, findings and their wording."""
