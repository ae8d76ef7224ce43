"""What honest software does, one SQL file each: which queries it explains, and which invariants it therefore excuses."""
