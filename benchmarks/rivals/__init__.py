"""Other ways to read all cards: each a program that takes the address and the page size."""
