"""What stages do with frames, once for every engine: columns, joins, samples, row hashes, SQL, user code."""
