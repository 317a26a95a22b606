"""Amazon Bedrock as the model."""
