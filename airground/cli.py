"""The command line. Each command builds what it needs and calls it; nothing is decided here."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from core.errors import Fault, Malformed

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

Server = Annotated[str, typer.Option("--server", envvar="AIRGROUND_SERVER", help="Address of the coordinator.")]
Config = Annotated[Path, typer.Option("--config", help="Settings file (TOML).")]
PatternWord = Annotated[
    str,
    typer.Option(
        help="best (any that is quick), s (straight parallel lines), parallel, creeping, expanding-square, sector, "
        "contour (needs --dem), route (AREA is a line) or orbit."
    ),
]
DEFAULT_SERVER = "http://127.0.0.1:8440"


@app.command()
def demo(
    scenario: Annotated[str, typer.Option(help="Name in the library, or a TOML file.")] = "forest",
    headless: Annotated[bool, typer.Option("--headless", help="Play to the end without a person, then stop.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed, another night.")] = None,
    autopilot: Annotated[str | None, typer.Option(help="px4 or ardupilot.")] = None,
    footage: Annotated[Path | None, typer.Option(help="Folder of thermal images shown by the last drone.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write what came true as JSON.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Keep the run's files here (default: a new temporary one).")
    ] = None,
) -> None:
    """A simulated town, end to end: search, find, place, lead a unit there."""
    from airground.demo.play import run_demo
    from airground.demo.stage import Options

    if autopilot not in (None, "px4", "ardupilot"):
        raise Malformed("--autopilot", f"{autopilot!r} is unknown", "px4 or ardupilot")
    raise typer.Exit(run_demo(Options(scenario, headless, seed, autopilot, footage, report, folder)))


@app.command()
def serve(config: Config) -> None:
    """The coordinator: map, API, gRPC, searches, incidents. Starts its gateway when none runs."""
    import asyncio

    from airground.coordinator import Coordinator
    from core.io import logs, settings

    logs.set_up("coordinator")
    told = settings.load(config)

    async def run() -> None:
        await Coordinator(told, config.resolve()).run()

    asyncio.run(run())


@app.command()
def gateway(config: Config) -> None:
    """The gateway to aircraft, in a process of its own (serve starts it; it outlives serve)."""
    from core.io import settings
    from flightops.links.gateway import run_gateway

    run_gateway(settings.load(config))


@app.command(name="signing-key")
def signing_key(
    path: Annotated[Path, typer.Argument(help="Where to write it, mode 600; kept out of the way.")],
) -> None:
    """Make the signing key of a link: for the settings (signing_key), and for the aircraft (SETUP_SIGNING)."""
    from core.io.files.signing import write_key
    from core.io.runtime import new_key

    write_key(path, new_key())
    typer.echo(f"{path}: load these 32 bytes into the aircraft over a cable (MAVLink SETUP_SIGNING).")
    typer.echo("Ground stations that ask for a passphrase load its SHA-256: then write that, in hexadecimal, instead.")


@app.command(hidden=True)
def simulate(plan: Path) -> None:
    """The simulator process of a demo."""
    import msgspec

    from airground.demo.sim import SimPlan, run_sim
    from core.io import logs

    logs.set_up("simulator")
    run_sim(msgspec.json.decode(plan.read_bytes(), type=SimPlan))


@app.command()
def plan(
    area: Annotated[Path, typer.Argument(help="GeoJSON polygon, holes are no-fly zones; of a route its line.")],
    out: Annotated[Path, typer.Option(help="Where to write the plan (JSON).")],
    swath: Annotated[float | None, typer.Option(min=0.1, help="Distance between legs, m (or give --hfov).")] = None,
    speed: Annotated[float | None, typer.Option(min=0.1, help="Cruise speed, m/s (default 12).")] = None,
    drones: Annotated[int | None, typer.Option(min=1, max=200, help="How many like drones (default 1).")] = None,
    home: Annotated[str | None, typer.Option(help="LON,LAT of take-off; with it whole flights are planned.")] = None,
    endurance: Annotated[float | None, typer.Option(help="Minutes a full battery lasts; with --home.")] = None,
    fleet: Annotated[Path | None, typer.Option(help="Unlike drones (TOML), in place of the four above.")] = None,
    cover: Annotated[float, typer.Option(min=0.5, max=0.999, help="Share of the area to be seen.")] = 0.995,
    effort: Annotated[str, typer.Option(help="first, fast (about a second) or best (about ten).")] = "fast",
    pattern: PatternWord = "best",
    bearing: Annotated[float | None, typer.Option(help="True bearing of lines or of the first leg, deg.")] = None,
    datum: Annotated[str | None, typer.Option(help="LON,LAT that a pattern is flown about.")] = None,
    corridor: Annotated[float | None, typer.Option(help="Full width to search about a route, m.")] = None,
    hfov: Annotated[float | None, typer.Option(help="Field of view of the camera across the track, deg.")] = None,
    vfov: Annotated[float | None, typer.Option(help="Field of view along the track, deg.")] = None,
    pitch: Annotated[float | None, typer.Option(help="Pitch of the camera, deg: -90 (default) straight down.")] = None,
    sidelap: Annotated[float | None, typer.Option(help="Share of a strip seen from the next one too (0.1).")] = None,
    image_width: Annotated[int | None, typer.Option(help="Width of the image, px (640).")] = None,
    person_px: Annotated[float | None, typer.Option(help="Least pixels across a person (0.5 m).")] = None,
    dem: Annotated[Path | None, typer.Option(help="Heights to follow: .npz, .hgt or .hgt.zip (SRTM).")] = None,
    climb: Annotated[float, typer.Option(help="Fastest climb, m/s; it sinks at 1.5 m/s.")] = 3.0,
    height: Annotated[float, typer.Option(min=5, max=500, help="Height above ground in the files written, m.")] = 60.0,
    wind: Annotated[str | None, typer.Option(help="SPEED,FROM: m/s and the true degrees it comes from.")] = None,
    margin: Annotated[str, typer.Option(help="Paths keep this far inside, m; auto: GNSS and v^2/2a.")] = "0",
    form: Annotated[str, typer.Option("--format", help="json, plan (QGroundControl), kml, gpx, geojson.")] = "json",
    probability: Annotated[Path | None, typer.Option(help="Where somebody may be: GeoJSON, rings or a grid.")] = None,
    sweep_width: Annotated[str | None, typer.Option(help="Metres, or a table (JSON); with --probability.")] = None,
    look: Annotated[
        str | None, typer.Option(help="SENSOR,HOUR,LAND: thermal,night,forest:0.6 finds the width.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Sweeping time of each drone; with --probability.")] = None,
    watch: Annotated[float | None, typer.Option(help="Minutes an orbit is watched without a break, by turns.")] = None,
    overlap: Annotated[float | None, typer.Option(help="Seconds two are there at each change (30); --watch.")] = None,
) -> None:
    """Plan a search, offline."""
    from airground import plan_options as options
    from airground.offline import Drones, drones_from, home_from, likely_from, plan_file
    from flightops.planning.plan_file import PlanWish, effort_from

    with options.named_as_options():
        air, mps = options.wind_from(wind), options.USUAL_MPS if speed is None else speed
        camera = options.look_from(options.Optics(hfov, vfov, pitch, sidelap, image_width, person_px))
        apart = options.swath_from(swath, camera, height)
        ground = options.terrain_from(dem, area, home_from(home))
        plain, other = options.pattern_from(options.Shape(pattern, bearing, datum, corridor), ground)
        wish = PlanWish(
            apart, mps, cover=cover, effort=effort_from(effort), plain=plain, height_agl_m=height,
            wind_mps=air, pattern=other, relief=options.relief_from(ground, height, climb, camera), look=camera,
            likely=likely_from(probability, sweep_width, look, minutes),
        )  # fmt: skip
        wish = drones_from(wish, Drones(speed, drones, home, endurance, fleet), options.watch_from(watch, overlap))
        plan_file(area, out, replace(wish, margin_m=options.margin_from(margin, wish.paces)), form)


@app.command()
def detect(
    source: Annotated[Path, typer.Argument(help="Folder of thermal images, or a video file.")],
    out: Annotated[Path, typer.Option(help="Where to write the detections (JSON).")],
) -> None:
    """Find people in thermal images or a video, offline."""
    from airground.offline import detect_source

    detect_source(source, out)


@app.command()
def watch(
    source: Annotated[str, typer.Argument(help="rtsp://..., udp://host:port, a file or a folder.")],
    seconds: Annotated[float | None, typer.Option(help="Stop after this long.")] = None,
) -> None:
    """Watch one stream in the terminal: state, frames a second, detections."""
    from airground.offline import watch_source

    watch_source(source, seconds)


@app.command()
def search(
    area: Annotated[Path, typer.Argument(help="GeoJSON polygon.")],
    server: Server = DEFAULT_SERVER,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it to the end.")] = False,
    height: Annotated[float, typer.Option(help="Height above ground, m.")] = 60.0,
    speed: Annotated[float, typer.Option(help="Speed, m/s.")] = 12.0,
    swath: Annotated[float | None, typer.Option(help="Distance between legs, m (default: from the camera).")] = None,
) -> None:
    """Plan, approve and follow a search on a running coordinator (AIRGROUND_USER, AIRGROUND_PASSWORD)."""
    from airground import remote

    asked: dict[str, Any] = {"height_agl_m": height, "speed_mps": speed, "swath_m": swath}
    doc = remote.read_geojson(area)
    raise typer.Exit(remote.run(remote.Login(server), lambda api: remote.search(api, doc, asked, wait)))


@app.command()
def hold(drone: Annotated[str | None, typer.Argument()] = None, server: Server = DEFAULT_SERVER) -> None:
    """Stop and hover: one drone, or all."""
    from airground import remote

    raise typer.Exit(remote.run(remote.Login(server), lambda api: remote.order(api, "hold", drone)))


@app.command(name="return")
def return_home(drone: Annotated[str | None, typer.Argument()] = None, server: Server = DEFAULT_SERVER) -> None:
    """Come home and land: one drone, or all."""
    from airground import remote

    raise typer.Exit(remote.run(remote.Login(server), lambda api: remote.order(api, "return", drone)))


def main() -> None:
    """The console script. Our own errors end it with one line and exit code 2; others are bugs and show."""
    try:
        app()
    except (Malformed, Fault) as e:
        print(f"airground: {e}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
