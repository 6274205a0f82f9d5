"""worker: the media process. Pulls cameras, writes files, serves streams over the link; knows no database."""
