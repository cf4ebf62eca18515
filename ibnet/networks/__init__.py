"""Networks as arrays: initial weights, layer outputs, and the files of trained weights."""
