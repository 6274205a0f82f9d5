"""Pictures out of compressed video: a child process behind walls that alone meets a codec library, and its client."""
