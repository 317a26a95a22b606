"""The contract as documents, made from the messages' models: an AsyncAPI description and JSON Schemas."""
