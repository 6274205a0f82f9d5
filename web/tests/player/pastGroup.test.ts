import { expect, test } from 'vitest';
import { PastGroup, type Follower, type GroupState } from '@/player/pastGroup';
import type { Following, Gap } from '@/player/pastPlayer';

const WALL = 1_790_000_000_000_000;
const S = 1_000_000;

/** A follower that has a picture in some spans, as a recording has. */
class Recording implements Follower {
  shownWallUs: number | null = null;
  gapNow: Gap | null = null;
  loading = false;
  sought: number[] = [];

  constructor(readonly spans: readonly (readonly [number, number])[]) {}

  follow(wallUs: number): Following {
    if (this.loading) return 'wait';
    if (this.spans.some(([a, b]) => wallUs >= a && wallUs < b)) {
      this.shownWallUs = wallUs;
      return 'ok';
    }
    return this.nextFrom(wallUs) === null ? 'end' : 'gap';
  }
  seek(wallUs: number): void {
    this.sought.push(wallUs);
  }
  nextFrom(wallUs: number): number | null {
    return this.spans.map(([a]) => a).find((a) => a >= wallUs) ?? null;
  }
  step(by: 1 | -1): number | null {
    return this.shownWallUs === null ? null : this.shownWallUs + by * 40_000;
  }
}

function desk(...followers: Recording[]) {
  let now = 0;
  const states: GroupState[] = [];
  const jumps: Gap[] = [];
  const group = new PastGroup(WALL, { state: (s) => states.push(s), time: () => undefined, jumped: (g) => jumps.push(g) }, () => now);
  followers.forEach((f) => group.add(f));
  const run = (seconds: number) => {
    for (let t = 0; t < seconds * 10; t++) {
      now += 100;
      group.tick();
    }
  };
  group.tick();
  return { group, run, states, jumps };
}

test('time runs at the chosen speed while somebody has a picture', () => {
  const { group, run } = desk(new Recording([[WALL, WALL + 100 * S]]));
  run(2);
  const one = group.wallUs - WALL;
  expect(one).toBeCloseTo(2 * S, -6);
  group.setSpeed(4);
  run(1);
  expect(group.wallUs - WALL - one).toBeCloseTo(4 * S, -6);
});

test('one camera in a gap does not stop the other', () => {
  const { group, run, jumps } = desk(new Recording([[WALL, WALL + 100 * S]]), new Recording([[WALL, WALL + S], [WALL + 50 * S, WALL + 60 * S]]));
  run(3);
  expect(group.wallUs).toBeGreaterThan(WALL + 2 * S);
  expect(jumps).toEqual([]);
});

test('a gap of all is jumped to where the first has a picture again', () => {
  const { group, run, jumps } = desk(new Recording([[WALL, WALL + S], [WALL + 50 * S, WALL + 60 * S]]), new Recording([[WALL, WALL + S], [WALL + 40 * S, WALL + 60 * S]]));
  run(2);
  expect(jumps).toHaveLength(1);
  expect(jumps[0]?.toUs).toBe(WALL + 40 * S);
  expect(group.wallUs).toBeGreaterThanOrEqual(WALL + 40 * S);
});

test('the start waits for a straggler, but not for ever', () => {
  const slow = new Recording([[WALL, WALL + 100 * S]]);
  slow.loading = true;
  const { group, run } = desk(new Recording([[WALL, WALL + 100 * S]]), slow);
  run(1.5);
  expect(group.wallUs).toBe(WALL);
  run(1.5);
  expect(group.wallUs).toBeGreaterThan(WALL);
});

test('when all wait for data the clock stands, and goes on without a leap', () => {
  const one = new Recording([[WALL, WALL + 100 * S]]);
  const { group, run } = desk(one);
  run(1);
  one.loading = true;
  run(5);
  const held = group.wallUs;
  expect(held - WALL).toBeLessThan(1.3 * S);
  one.loading = false;
  run(1);
  expect(group.wallUs - held).toBeLessThan(1.2 * S);
});

test('the end of the recording stops playing and says so', () => {
  const { run, states } = desk(new Recording([[WALL, WALL + S]]));
  run(3);
  expect(states.at(-1)).toMatchObject({ playing: false, atEnd: true });
});

test('a seek moves all and a step moves by one frame, standing', () => {
  const a = new Recording([[WALL, WALL + 100 * S]]);
  const b = new Recording([[WALL, WALL + 100 * S]]);
  const { group, run, states } = desk(a, b);
  group.seek(WALL + 10 * S);
  expect([a.sought, b.sought]).toEqual([[WALL + 10 * S], [WALL + 10 * S]]);
  run(0.5);
  group.pause();
  const at = group.wallUs;
  group.step(1);
  expect(group.wallUs).toBe(at + 40_000);
  group.step(-1);
  run(2);
  expect(group.wallUs).toBe(at);
  expect(states.at(-1)?.playing).toBe(false);
});
