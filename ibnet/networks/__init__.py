"""Networks as numbers: initial weights, layer outputs, the archive of trained weights."""
