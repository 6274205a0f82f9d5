"""Stream to file to index: the recorder inside a worker; committer, timeline and reader inside control."""
