"""Pure domain logic: no network, environment, clock or logging."""
