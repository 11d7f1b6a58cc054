"""Load, speed and memory, measured; and pictures of it."""
