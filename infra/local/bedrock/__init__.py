"""A stand-in for Bedrock Runtime that the real AWS client cannot tell from the service."""
