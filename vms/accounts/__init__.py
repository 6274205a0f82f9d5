"""Who may enter: officers, sessions, one-time login links and API tokens. Hashes only; roles come later."""
