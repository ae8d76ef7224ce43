"""What only an algorithm does, one SQL file each: which of a client's queries show it. See `forensics.detect.invariants.interface`."""
