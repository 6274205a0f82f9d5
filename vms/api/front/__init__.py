"""The viewers' door: media routes of the edge process, the way to control's API, the console's files. No database."""
