import { beforeEach, expect, test } from 'vitest';
import { fartherBack, REPLAY_SECONDS, replayFrom } from '@/features/live/Replay';
import { snapshotName, watermarkLines } from '@/features/live/snapshot';
import { soundCodec } from '@/features/live/SoundNote';
import { soundToggled, soundToggledBeside } from '@/features/live/soundStore';
import { nowUs } from '@/shared/lib/clock';
import { setZone } from '@/shared/lib/zone';

const WALL_US = Date.UTC(2026, 10, 25, 4, 0, 1, 250) * 1000;

beforeEach(() => setZone('Asia/Shanghai'));

test('a snapshot says where, when and by whom, and leaves out what is not known', () => {
  const facts = { name: '东门', code: '11010101001320000001', wallUs: WALL_US, officer: '张三' };
  expect(watermarkLines(facts)).toEqual(['东门  2026-11-25 12:00:01.250 UTC+8', '张三  11010101001320000001']);
  expect(watermarkLines({ ...facts, code: null, officer: '', wallUs: null })).toEqual(['东门']);
});

test('the name of a snapshot is one that every system takes', () => {
  expect(snapshotName({ name: 'A/B: "gate"', code: null, wallUs: WALL_US, officer: '' })).toBe('A_B_ _gate_ 2026-11-25 12.00.01.250.png');
});

test('one window sounds at a time unless another is chosen beside it', () => {
  const one = soundToggled(new Set(), 'a');
  expect([...soundToggled(one, 'b')]).toEqual(['b']);
  const both = soundToggledBeside(one, 'b');
  expect([...both]).toEqual(['a', 'b']);
  expect([...soundToggled(both, 'a')]).toEqual(['b']);
  expect([...soundToggledBeside(both, 'b')]).toEqual(['a']);
});

test('the key of the instant replay goes farther back each time, and round', () => {
  let now = null as ReturnType<typeof replayFrom> | null;
  const steps = REPLAY_SECONDS.map(() => {
    now = replayFrom(fartherBack(now));
    return now.seconds;
  });
  expect(steps).toEqual([30, 60, 180, 300]);
  expect(fartherBack(now)).toBe(30);
  expect(Math.abs(nowUs() - 60e6 - replayFrom(60).fromUs)).toBeLessThan(5e5);
});

test('sound that no browser takes by MSE is named as officers know it', () => {
  expect(soundCodec('audio/mp4; codecs="alaw"')).toBe('G.711 A');
  expect(soundCodec('audio/mp4; codecs="mp4a.40.2"')).toBe('AAC');
});
