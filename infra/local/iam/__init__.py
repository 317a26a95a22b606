"""MiniStack with IAM enforced as on AWS, and a record of the statement that allowed each call."""
