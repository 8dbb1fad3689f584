"""Every page of a partition, each row once, and the proof of completeness."""
