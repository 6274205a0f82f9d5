"""One publisher, many readers, and the link that carries a stream between processes."""
