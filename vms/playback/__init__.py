"""The past to one viewer: paced playback, clips and playlists, read from segment files as they were written."""
