"""What several estimators use: columns brought to one scale, threads, digests."""
