"""GStreamer's RTSP server on loopback: an independent peer for our client. Runs under the system's Python (python3-gi).

Not imported by tests: `gstreamer.py` beside it starts this file. Prints the port once it listens; ends with its standard input.
"""

import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

VIDEO = {
    "h264": "x264enc tune=zerolatency key-int-max={gop} bitrate=800 ! video/x-h264,profile=high ! rtph264pay name=pay0 pt=96",
    "h265": "x265enc tune=zerolatency key-int-max={gop} bitrate=800 ! rtph265pay name=pay0 pt=96",
}
AUDIO = {
    "none": "",
    "pcma": "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8",
    "pcmu": "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay1 pt=0",
    "aac": "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! rtpmp4gpay name=pay1 pt=97",
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--codec", choices=VIDEO, default="h264")
    parser.add_argument("--audio", choices=AUDIO, default="none")
    parser.add_argument("--file", default="", help="serve this MP4's H.264 or H.265 as it is, once per client")
    parser.add_argument("--transport", choices=("any", "tcp", "udp"), default="any")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--basic", action="store_true")
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=240)
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--gop", type=int, default=25)
    return parser.parse_args()


def pipeline(options: argparse.Namespace) -> str:
    if options.file:
        depay = {"h264": "h264parse ! rtph264pay", "h265": "h265parse ! rtph265pay"}[options.codec]
        return f"( filesrc location={options.file} ! qtdemux name=d d.video_0 ! queue ! {depay} name=pay0 pt=96 )"
    size = f"video/x-raw,format=I420,width={options.width},height={options.height},framerate={options.fps}/1"
    video = VIDEO[options.codec].format(gop=options.gop)
    return f"( videotestsrc is-live=true pattern=ball ! {size} ! {video} {AUDIO[options.audio]} )"


def demand_password(server: GstRtspServer.RTSPServer, factory: GstRtspServer.RTSPMediaFactory, options: argparse.Namespace) -> None:
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(1 if options.basic else 2)  # GstRTSPAuthMethod: basic 1, digest 2
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if options.basic:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options.user, options.password), token)
    else:
        auth.add_digest(options.user, options.password, token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)


def main() -> None:
    options = parse()
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(pipeline(options))
    factory.set_shared(not options.file)
    if options.transport != "any":
        tcp, udp = 4, 1  # GstRTSPLowerTrans
        factory.set_protocols(GstRtspServer.RTSPMediaFactory.get_protocols(factory).__class__(tcp if options.transport == "tcp" else udp))
    if options.user:
        demand_password(server, factory, options)
    server.get_mount_points().add_factory("/cam", factory)
    loop = GLib.MainLoop()
    GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP | GLib.IOCondition.IN, lambda *_: loop.quit())
    server.attach(None)
    sys.stdout.write(f"{server.get_bound_port()}\n")
    sys.stdout.flush()
    loop.run()


if __name__ == "__main__":
    main()
