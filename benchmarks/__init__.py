"""How fast mibench is, beside its peers and beside what the machine can do."""
