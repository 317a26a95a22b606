"""What the assistant of a business cost."""
