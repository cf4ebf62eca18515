"""What the binning estimators share: bin rules, cutting, counting, the plug-in estimate."""
