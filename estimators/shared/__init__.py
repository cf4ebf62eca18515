"""What several estimators share: standardized columns, threads, digests of files."""
