"""Run with the system's Python: pulls an RTSP URL with GStreamer's rtspsrc and prints how many whole pictures came, of which how many
discontinuous. `gst_pull.py URL USER PASSWORD tcp|udp FRAMES`.
"""

from __future__ import annotations

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

LIMIT_S = 20


def main(url: str, user: str, password: str, protocol: str, frames: int) -> int:
    Gst.init(None)
    source = f'rtspsrc location="{url}" user-id="{user}" user-pw="{password}" protocols={protocol} latency=0'
    pipeline = Gst.parse_launch(
        f"{source} ! rtph264depay ! h264parse ! video/x-h264,alignment=au ! fakesink name=sink signal-handoffs=true"
    )
    counts = [0, 0]

    def handed(_sink: object, buffer: Gst.Buffer, _pad: object) -> None:
        counts[0] += 1
        counts[1] += counts[0] > 1 and bool(buffer.get_flags() & Gst.BufferFlags.DISCONT)
        if counts[0] >= frames:
            pipeline.get_bus().post(Gst.Message.new_eos(None))

    pipeline.get_by_name("sink").connect("handoff", handed)
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(LIMIT_S * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    if message is not None and message.type == Gst.MessageType.ERROR:
        sys.stderr.write(f"{message.parse_error()}\n")
        return 1
    sys.stdout.write(f"{counts[0]} {counts[1]}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:5], int(sys.argv[5])))
