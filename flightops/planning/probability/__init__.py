"""Where somebody may be, what a search would find there, and how to spend flight time on it. Pure."""
