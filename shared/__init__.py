"""What two or more deployables use."""
