"""Features to findings: rules, and matching them."""
