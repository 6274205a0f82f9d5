"""Whoever owns it decides: frozen requests, and `ask(actor, request)` that authorises, audits and runs them."""
