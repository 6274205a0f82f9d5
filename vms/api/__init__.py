"""The HTTP and WebSocket edge: translates requests, answers and errors; decides nothing. No SQL, no media."""
