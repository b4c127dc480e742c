"""Google's quota units: prices of calls, the planner of fetches, estimates, shares of a budget."""
