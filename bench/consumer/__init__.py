"""How fast a queue's consumer is, side by side with what one would pick instead."""
