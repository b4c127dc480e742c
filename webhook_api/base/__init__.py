"""What every resource stands on: keys, errors, refusals, documentation, the base of bodies."""
