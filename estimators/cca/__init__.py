"""What `canonical` is made of: features, canonical pairs, and the terms of the estimate."""
