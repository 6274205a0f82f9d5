/**
 * Media time of the element (seconds) ↔ wall time (µs), through the chunks that were appended. The map is piecewise: every chunk is
 * an anchor of its own, because runs, gaps and camera clocks break any single line.
 */

interface Anchor {
  from: number;
  to: number;
  wallUs: number;
  frames: readonly number[];
}

export class WallMap {
  private anchors: Anchor[] = [];

  /** Anchors come in media order; one that lies before the newest replaces what it covers (a GOP sent again). */
  add(from: number, to: number, wallUs: number, frames: readonly number[] = [from]): void {
    while (this.anchors.length > 0 && this.anchors[this.anchors.length - 1]!.from >= from - 1e-6) this.anchors.pop();
    this.anchors.push({ from, to, wallUs, frames });
  }

  clear(): void {
    this.anchors = [];
  }

  dropBefore(media: number): void {
    const keep = this.anchors.findIndex((a) => a.to >= media);
    if (keep > 0) this.anchors.splice(0, keep);
    else if (keep < 0) this.anchors = [];
  }

  wallAt(media: number): number | null {
    const a = this.anchors[this.lastAtOrBefore((x) => x.from - 0.0005, media)] ?? this.anchors[0];
    return a ? Math.round(a.wallUs + (media - a.from) * 1e6) : null;
  }

  /** Where a wall time is shown: inside an anchor, or null when it was not appended (a gap, or not yet). */
  mediaAt(wallUs: number, slackUs = 60_000): number | null {
    const a = this.anchors[this.lastAtOrBefore((x) => x.wallUs, wallUs)];
    if (!a) return null;
    const media = a.from + (wallUs - a.wallUs) / 1e6;
    return media <= a.to + slackUs / 1e6 ? Math.max(a.from, Math.min(media, a.to - 0.001)) : null;
  }

  /** First recorded instant at or after a wall time, for a player that waits behind a gap. */
  nextWallFrom(wallUs: number): number | null {
    if (this.mediaAt(wallUs) !== null) return wallUs;
    return this.anchors.find((a) => a.wallUs >= wallUs)?.wallUs ?? null;
  }

  get lastWallUs(): number | null {
    const a = this.anchors[this.anchors.length - 1];
    return a ? Math.round(a.wallUs + (a.to - a.from) * 1e6) : null;
  }

  get firstWallUs(): number | null {
    return this.anchors[0]?.wallUs ?? null;
  }

  /** The frame shown next or before `media`, or null at the border of what is known. */
  step(media: number, by: 1 | -1): number | null {
    const slack = 0.001;
    const i = this.lastAtOrBefore((x) => x.from - slack, media);
    // Decoding order and showing order differ by a few frames at most, so the neighbours suffice.
    const near = this.anchors.slice(Math.max(0, i - 5), i + 6).flatMap((a) => a.frames);
    const shown = Math.max(...near.filter((f) => f <= media + slack));
    const hits = near.filter((f) => (by === 1 ? f > media + slack : f < shown - slack));
    if (hits.length === 0) return null;
    return by === 1 ? Math.min(...hits) : Math.max(...hits);
  }

  /** Index of the last anchor whose `key` is ≤ value, −1 when none (binary search: a minute of single-frame chunks is 1,500 anchors). */
  private lastAtOrBefore(key: (a: Anchor) => number, value: number): number {
    let lo = 0;
    let hi = this.anchors.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (key(this.anchors[mid]!) <= value) lo = mid + 1;
      else hi = mid;
    }
    return lo - 1;
  }
}
