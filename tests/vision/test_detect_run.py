"""Folders and videos searched, in the shared scorer's format."""

import json
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from core.errors import Malformed
from vision.detect.hot_spot import HotSpot
from vision.detect.run import detect_folder_or_video


def picture():
    frame = np.random.default_rng(0).normal(70, 2, (512, 640))
    cv2.ellipse(frame, (200, 300), (6, 10), 0, 0, 360, 170, -1)
    return np.clip(frame, 0, 255).astype(np.uint8)


def test_a_folder_gives_rows_by_file_name_and_tells_of_what_it_passed_over(tmp_path):
    cv2.imwrite(str(tmp_path / "a.jpg"), picture())
    (tmp_path / "b.jpg").write_bytes(b"junk")
    told = []
    rows = detect_folder_or_video(tmp_path, HotSpot(), lambda *p: told.append(p))
    assert json.loads(json.dumps(rows)) == rows
    assert {(r["image"], r["category"]) for r in rows} == {("a.jpg", "Person")}
    x, y, w, h = max(rows, key=lambda r: r["score"])["bbox"]
    assert (x + w / 2, y + h / 2) == pytest.approx((200.5, 300.5), abs=1.5)
    assert [p[:2] for p in told] == [(1, 2), (2, 2)]
    assert "not a readable image" in told[1][2]


def test_a_video_gives_rows_by_frame_number(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 512, "yuv420p"
        for k in range(5):
            frame = av.VideoFrame.from_ndarray(picture(), format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = k, Fraction(1, 10)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    told = []
    rows = detect_folder_or_video(path, HotSpot(), lambda *p: told.append(p))
    assert {r["image"] for r in rows} == {f"frame_{k:06d}" for k in range(5)}
    assert told[-1][0] == 5


@pytest.mark.parametrize("make", ["empty", "junk", "text", "stream"])
def test_nothing_readable_is_refused_with_the_fix(tmp_path, make):
    path = tmp_path
    if make == "junk":
        (tmp_path / "a.png").write_bytes(b"junk")
    if make == "text":
        path = tmp_path / "a.txt"
        path.write_text("hello")
    with pytest.raises(Malformed) as refused:
        detect_folder_or_video("udp://127.0.0.1:25001" if make == "stream" else path, HotSpot(), lambda *p: None)
    assert refused.value.fix
