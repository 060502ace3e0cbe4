"""Install the system packages the tests need (Debian, apt), or say in one line what is missing.

`--long`: also those of `make test-long` (a real RTSP server).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

LONG = "--long" in sys.argv[1:]
RTSP = ("python3-gi", "gir1.2-gst-rtsp-server-1.0", "gstreamer1.0-plugins-good", "gstreamer1.0-plugins-ugly")
CJK_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


def missing() -> list[str]:
    """Names of the Debian packages that are not there."""
    wanted = []
    if not (shutil.which("chromium") or shutil.which("google-chrome")):
        wanted.append("chromium")
    if not CJK_FONT.exists():
        wanted.append("fonts-noto-cjk")
    if LONG and not list(Path("/usr/lib").glob("*/girepository-1.0/GstRtspServer-1.0.typelib")):
        wanted += RTSP
    return wanted


def main() -> int:
    packages = missing()
    if not packages:
        return 0
    sudo = [] if os.geteuid() == 0 else (["sudo", "-n"] if shutil.which("sudo") else None)
    if sudo is None or not shutil.which("apt-get"):
        print(f"airground: the tests need: {' '.join(packages)}; install them and run again", file=sys.stderr)
        return 1
    print(f"airground: installing {' '.join(packages)} (for the tests)", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "-qq"], install):
        done = subprocess.run([*sudo, *command], env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"airground: {' '.join(command)} failed: {done.stderr.strip()[-200:]}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
