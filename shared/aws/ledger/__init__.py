"""The failure ledger on DynamoDB: its rows, how they are searched, and how their payloads are encrypted."""
