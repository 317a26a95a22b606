"""Pure rules of chat: the prompt for the model, and the checks on its answer."""
