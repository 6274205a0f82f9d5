/**
 * Where the frames of a run go on the element's time line. `tfdt` counts from the start of its run, so each run, and each connection,
 * needs an offset of its own; a hole inside a run is closed, because an element stops before a hole.
 */

const HOLE_SECONDS = 0.1;

export class RunOffset {
  private offset: number | null = null;
  private end = 0;
  private hopTo: number | null = null;

  /** The next chunk opens a run: it is put behind what is there, or at `at`. */
  begin(at: number | null = null): void {
    this.offset = null;
    this.hopTo = at;
  }

  /** Offset for a video chunk whose decode times are `base` to `end` seconds. */
  place(base: number, end: number): number {
    if (this.offset === null) {
      this.offset = (this.hopTo ?? this.end) - base;
      this.hopTo = null;
    } else if (Math.abs(base + this.offset - this.end) > HOLE_SECONDS) {
      this.offset = this.end - base;
    }
    this.end = end + this.offset;
    return this.offset;
  }

  /** Offset for another track of the same run; null until the video has decided it. */
  get shared(): number | null {
    return this.offset;
  }

  get newestEnd(): number {
    return this.end;
  }
}
