"""Sources, capture times, and bad files."""

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Malformed
from vision.ingest.capture_time import CaptureTime
from vision.ingest.frame import Frame, NewestFrame
from vision.ingest.images import image_paths, natural_key
from vision.ingest.source import SourceKind, parse_source
from vision.ingest.video import StreamEnded, decoded


def write_video(path, frames=50, options=None):
    rng = np.random.default_rng(1)
    with av.open(str(path), "w", options=options or {}) as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "g": "10"})
        stream.width, stream.height, stream.pix_fmt = 160, 128, "yuv420p"
        for k in range(frames):
            picture = rng.integers(60, 90, (128, 160), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def played(path):
    frames = []
    try:
        for frame in decoded(parse_source(str(path)), lambda: 0.0):
            frames += [frame]
    except StreamEnded as end:
        return frames, end
    raise AssertionError("decoded ends by StreamEnded only")


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_whole_file_plays_to_its_end(tmp_path, name):
    frames, end = played(write_video(tmp_path / name))
    assert (len(frames), end.early) == (50, False)
    assert frames[0].pixels.shape == (128, 160)
    assert frames[49].pts_s - frames[0].pts_s == pytest.approx(49 / 25)


def test_a_file_cut_in_the_middle_ends_with_words(tmp_path):
    whole = write_video(tmp_path / "a.mp4", options={"movflags": "faststart"}).read_bytes()
    (tmp_path / "b.mp4").write_bytes(whole[: len(whole) // 2])
    frames, end = played(tmp_path / "b.mp4")
    assert 0 < len(frames) < 50
    assert end.early
    assert "cut off" in str(end)


def test_a_file_without_its_index_ends_with_words(tmp_path):
    whole = write_video(tmp_path / "a.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(whole[: len(whole) // 2])
    frames, end = played(tmp_path / "b.mp4")
    assert (frames, end.early) == ([], True)
    assert "cut off" in str(end)


@given(st.binary(max_size=4000))
def test_any_bytes_end_with_words(tmp_path_factory, junk):
    path = tmp_path_factory.mktemp("junk") / "x.mp4"
    path.write_bytes(junk)
    frames, end = played(path)
    assert frames == []
    assert str(path) in str(end)


def test_a_play_list_opens_no_other_file(tmp_path):
    write_video(tmp_path / "a.ts")
    (tmp_path / "x.m3u8").write_text(f"#EXTM3U\n#EXTINF:2,\n{tmp_path}/a.ts\n#EXT-X-ENDLIST\n")
    frames, end = played(tmp_path / "x.m3u8")
    assert (frames, end.early) == ([], True)


@pytest.mark.parametrize(
    ("text", "kind"), [("udp://127.0.0.1:5600", SourceKind.UDP), ("rtsp://u:p@cam.local/stream1", SourceKind.RTSP)]
)
def test_network_sources(text, kind):
    source = parse_source(text)
    assert (source.kind, source.live) == (kind, True)
    assert "u:p" not in source.words


@pytest.mark.parametrize(
    "text",
    [
        "http://x/y",
        "udp://x",
        "udp://:99999",
        "udp://h:1?x=1",
        "file:///etc/passwd",
        "rtsp://",
        "no/such/file",
        "concat:a|b",
    ],
)
def test_other_sources_are_refused_by_name(text):
    with pytest.raises(Malformed) as refused:
        parse_source(text)
    assert refused.value.field == "video"
    assert "udp://" in refused.value.fix


def test_images_come_in_natural_order(tmp_path):
    for name in ("f10.png", "f2.jpg", "f1.PNG", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert [p.name for p in image_paths(tmp_path)] == ["f1.PNG", "f2.jpg", "f10.png"]
    assert natural_key("a2b") < natural_key("a10a")


@given(st.floats(0.01, 0.3), st.integers(0, 1000), st.floats(-1e5, 1e5))
def test_capture_times_are_even_whatever_the_jitter(latency, seed, origin):
    """100 frames at 10 Hz with up to 300 ms jitter: from the first fast one on, times are exact."""
    jitter = np.random.default_rng(seed).exponential(0.05, 100).clip(0, 0.3)
    jitter[5] = 0.0
    times = CaptureTime(latency)
    taken = [1e9 + k / 10 for k in range(100)]
    at = [times.at(origin + k / 10, t + latency + j) for k, (t, j) in enumerate(zip(taken, jitter, strict=True))]
    assert at[5:] == pytest.approx(taken[5:], abs=1e-4, rel=0)


def test_a_restarted_encoder_starts_the_clock_anew():
    times = CaptureTime(0.1)
    for k in range(20):
        times.at(500.0 + k / 10, 1000.0 + k / 10)
    assert times.at(0.0, 1005.0) == pytest.approx(1004.9)
    assert times.at(None, 1006.0) == pytest.approx(1005.9)


def test_the_newest_frame_wins():
    slot = NewestFrame()
    for k in range(3):
        slot.put(Frame(float(k), np.zeros((16, 16), np.uint8), k))
    slot.end("over")
    assert slot.take(0.1).number == 2
    assert slot.dropped == 2
    assert slot.take(0.1) == "over"
    assert NewestFrame().take(0.01) is None
