"""Live view: a stream's chunks to one viewer, as fast as that viewer takes them."""
