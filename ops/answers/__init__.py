"""What owners hear about the assistant's answers: judged ones, questions without one, drafts of golden cases."""
