import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Intake, type SoundSink } from '@/player/intake';
import { beside } from '@/player/liveSound';
import { RunOffset } from '@/player/runOffset';
import type { MediaSink } from '@/player/sink';
import { WallMap } from '@/player/wallMap';
import { makeChunk, makeInit } from '../support';

test('sound far from its picture jumps there, near it only runs a little faster or slower', () => {
  expect(beside(10, 8, 5, 12)).toEqual({ do: 'jump', to: 10 });
  expect(beside(10, 10.1, 5, 12)).toEqual({ do: 'play', rate: 0.95 });
  const act = beside(10, 9.98, 5, 12);
  expect(act.do === 'play' && act.rate).toBeCloseTo(1.02);
});

test('sound that is not there for the present picture is waited for', () => {
  expect(beside(4, 4, 5, 12)).toEqual({ do: 'wait' });
  expect(beside(12, 11.9, 5, 12)).toEqual({ do: 'wait' });
});

test('told again and again, sound comes beside the picture and stays there', () => {
  fc.assert(
    fc.property(fc.double({ min: -3, max: 3, noNaN: true }), (start) => {
      let sound = 20 + start;
      for (let picture = 20; picture < 40; picture += 0.25) {
        const act = beside(picture, sound, 0, 100);
        if (act.do === 'jump') sound = act.to;
        sound += 0.25 * (act.do === 'play' ? act.rate : 1);
      }
      expect(Math.abs(sound - 40)).toBeLessThan(0.05);
    }),
  );
});

function listened() {
  const picture: string[] = [];
  const heard: string[] = [];
  const sink = { configure: (track: number) => picture.push(`configure ${track}`), append: (track: number) => picture.push(`append ${track}`) } as unknown as MediaSink;
  const sound: SoundSink = { configure: (mime) => heard.push(mime), append: (bytes, offset) => heard.push(`${bytes.byteLength > 0} at ${offset}`) };
  const intake = new Intake(sink, new RunOffset(), new WallMap());
  const frame = (kind: 1 | 2, track: number, bytes: Uint8Array<ArrayBuffer>) => ({ kind, track, seq: 0, wallUs: 1, bytes });
  intake.announce(1, 'video');
  intake.announce(2, 'sound');
  intake.init(frame(1, 1, makeInit(1000)), false);
  intake.init(frame(1, 2, makeInit(8000)), false);
  intake.adopt();
  const chunk = (track: number) => intake.chunk(frame(2, track, makeChunk(0, [{ duration: 40 }])));
  return { intake, picture, heard, sound, chunk };
}

test('sound never touches the buffer of the picture, and nobody who does not listen pays for it', () => {
  const { picture, heard, chunk } = listened();
  chunk(1);
  chunk(2);
  expect(picture).toEqual(['configure 1', 'append 1', 'append 1']);
  expect(heard).toEqual([]);
});

test('who begins to listen is told the configuration that came before, and shares the place of the picture', () => {
  const { intake, heard, sound, chunk } = listened();
  chunk(1);
  intake.soundTo(sound);
  chunk(2);
  intake.soundTo(null);
  chunk(2);
  expect(heard).toEqual(['sound', 'true at null', 'true at 0']);
});
