"""What two WebRTC ends say to each other, as values: offers, answers, RTCP. Bytes in, values out; no sockets, no keys."""
