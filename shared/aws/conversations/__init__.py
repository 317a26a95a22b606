"""Conversations on DynamoDB: frames, the index of a day, audit rows and open connections."""
