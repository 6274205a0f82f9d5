"""The console in a real Chromium on real node processes: what an officer sees is read from the pixels."""
