"""How fast mibench is, compared with its peers and with the limits of the machine."""
