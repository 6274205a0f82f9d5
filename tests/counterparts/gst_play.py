"""GStreamer as a player: plays a URI for some seconds and tells how many pictures and sounds came out. Runs under the system's Python.

Not imported by tests: `gstreamer.py` beside it starts this file.
"""

import json
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402


def main(uri: str, token: str, seconds: float) -> None:
    Gst.init(None)
    seen = {"video": 0, "audio": 0, "error": ""}
    pipeline = Gst.Pipeline.new()
    source = Gst.ElementFactory.make("uridecodebin")
    source.set_property("uri", uri)
    pipeline.add(source)
    loop = GLib.MainLoop()

    def on_element(_pipeline: Gst.Bin, _bin: Gst.Bin, element: Gst.Element) -> None:
        if element.find_property("cookies") is not None:  # each reader of the playlist, of inits and of segments
            element.set_property("cookies", [f"vms_session={token}"])

    def on_pad(_bin: Gst.Element, pad: Gst.Pad) -> None:
        kind = pad.query_caps().get_structure(0).get_name().split("/")[0]
        sink = Gst.ElementFactory.make("fakesink")
        sink.set_property("sync", True)
        sink.set_property("signal-handoffs", True)
        sink.connect("handoff", lambda *_: seen.__setitem__(kind, seen[kind] + 1))
        pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))

    def on_message(_bus: Gst.Bus, message: Gst.Message) -> None:
        if message.type == Gst.MessageType.ERROR:
            error, detail = message.parse_error()
            seen["error"] = f"{error.message} ({detail})"
            loop.quit()

    pipeline.connect("deep-element-added", on_element)
    source.connect("pad-added", on_pad)
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message", on_message)
    GLib.timeout_add(int(seconds * 1000), loop.quit)
    pipeline.set_state(Gst.State.PLAYING)
    loop.run()
    pipeline.set_state(Gst.State.NULL)
    sys.stdout.write(json.dumps(seen))


main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
