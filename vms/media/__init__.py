"""Values and bytes of video: NAL units, RTP payloads, CMAF boxes, MP4. Pure: no I/O, no clock."""
