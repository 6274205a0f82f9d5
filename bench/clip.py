"""The clip that benchmarks record: 1080p25, 2 Mbit/s, a key frame every 2 s, 60 s, one video track. Made once, kept in build/."""

from __future__ import annotations

import subprocess
from pathlib import Path

FPS = 25
GOP_FRAMES = 50
SECONDS = 60
BITS_PER_SECOND = 2_000_000


def ensure(folder: Path = Path("build/bench")) -> Path:
    """The clip's path; ffmpeg makes it when it is not there (half a minute)."""
    clip = folder / f"1080p{FPS}-{BITS_PER_SECOND}-{GOP_FRAMES}-{SECONDS}s.mp4"
    if clip.exists():
        return clip
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = clip.with_suffix(".part.mp4")
    # Noise keeps the encoder at its bit rate: a test card alone would need a tenth of it.
    source = ["-f", "lavfi", "-i", f"testsrc2=size=1920x1080:rate={FPS}:duration={SECONDS},noise=alls=12:allf=t"]
    rate = ["-b:v", str(BITS_PER_SECOND), "-maxrate", str(BITS_PER_SECOND), "-bufsize", str(2 * BITS_PER_SECOND)]
    x264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "0", "-g", str(GOP_FRAMES)]
    fixed = ["-keyint_min", str(GOP_FRAMES), "-sc_threshold", "0", "-movflags", "+faststart"]
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *source, *x264, *rate, *fixed, unfinished], check=True)
    unfinished.rename(clip)
    return clip
