"""The rules of booking: pure functions over values; instants come in as arguments."""
