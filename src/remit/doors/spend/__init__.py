"""What calls of models cost: their prices, and the one tool of ours that calls a model."""
