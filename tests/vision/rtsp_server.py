"""A GStreamer RTSP server of a folder's pictures, for the system's own Python: `rtsp_server.py PORT FOLDER`.

/any offers RTP over TCP and UDP, /udp over UDP alone, as some cameras do.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

LAUNCH = (
    '( multifilesrc location="{}/%02d.png" index=0 stop-index=9 loop=true caps="image/png,framerate=10/1" ! pngdec'
    " ! videoconvert ! video/x-raw,format=I420 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10"
    " ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)


def main() -> None:
    port, folder = sys.argv[1:]
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_service(port)
    for path, protocols in (("/any", None), ("/udp", GstRtsp.RTSPLowerTrans.UDP)):
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(LAUNCH.format(folder))
        factory.set_shared(True)
        if protocols is not None:
            factory.set_protocols(protocols)
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    sys.stdout.write("up\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
