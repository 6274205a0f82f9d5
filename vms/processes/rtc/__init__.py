"""rtc: WebRTC viewers. Its ICE, DTLS and SRTP cost nobody else; it dies with its own viewers only."""
