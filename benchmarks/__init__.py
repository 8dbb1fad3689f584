"""How fast the tap is, beside other ways to read the same account."""
