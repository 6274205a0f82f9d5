import { expect, test } from 'vitest';
import { parseFrame, parseMessage } from '@/player/frames';
import { makeFrame } from '../support';

test('a binary frame gives kind, track, sequence, wall time and its bytes', () => {
  const frame = parseFrame(makeFrame(2, 1, 1_790_000_000_123_456n, new Uint8Array([9, 8, 7])));
  expect(frame).toMatchObject({ kind: 2, track: 1, seq: 7, wallUs: 1_790_000_000_123_456 });
  expect([...(frame?.bytes ?? [])]).toEqual([9, 8, 7]);
});

test.each([0, 3, 255])('a frame of unknown kind %i is nothing', (kind) => {
  expect(parseFrame(makeFrame(kind, 1, 0n, new Uint8Array(4)))).toBeNull();
});

test('a frame shorter than its header is nothing', () => {
  expect(parseFrame(new ArrayBuffer(15))).toBeNull();
});

test('an init text tells track, mime, run and the seek that it answers', () => {
  const text = '{"type":"init","track":1,"mime":"video/mp4; codecs=\\"avc1.64001f\\"","run":"r1","wall_us":5,"seek":3}';
  expect(parseMessage(text)).toEqual({ type: 'init', track: 1, mime: 'video/mp4; codecs="avc1.64001f"', run: 'r1', wallUs: 5, seek: 3 });
});

test('a gap text tells span and cause, a state text where it stands', () => {
  expect(parseMessage('{"type":"gap","from_us":1,"to_us":2,"cause":"auth"}')).toEqual({ type: 'gap', fromUs: 1, toUs: 2, cause: 'auth' });
  expect(parseMessage('{"type":"state","state":"no_recording","at_us":9,"cause":"power"}')).toEqual({ type: 'state', state: 'no_recording', atUs: 9, cause: 'power' });
});

test.each(['', '[', '[]', '3', 'null', '{"type":"init"}', '{"type":"later"}'])('text %j is nothing', (text) => {
  expect(parseMessage(text)).toBeNull();
});
