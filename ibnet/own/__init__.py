"""The activations of networks that were trained elsewhere: given as arrays, kept or stored."""
