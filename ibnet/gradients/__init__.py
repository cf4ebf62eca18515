"""Signal and noise of the gradients of stored networks, beside their compression."""
