"""What the binning estimators share: rules for the number of bins, counting, the plug-in."""
