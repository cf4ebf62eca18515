"""The reference results that come with mibench: `mibench.results("reference")`, "reference-all"."""
