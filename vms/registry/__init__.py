"""What exists: regions, cameras and their profiles; rows, their rules, and the roster the media plane pulls by."""
