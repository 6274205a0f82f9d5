"""control: the node's mind. SQL, orders to workers, verdicts for edges, the API. It may die: media goes on."""
