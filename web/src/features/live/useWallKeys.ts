/** The keys of the wall. What a key does to one tile, the tile itself offers as a handle. */

import { useTranslation } from 'react-i18next';
import type { Camera } from '@/shared/api/types';
import { useHotkeys } from '@/shared/lib/hotkeys';
import { camerasByNumber } from './cameraNumber';
import { layoutKey } from './LayoutPicker';
import { LAYOUTS, neighbour, type Direction } from './layouts';
import type { NumberEntry } from './useNumberEntry';
import type { WallChange } from './useWallChange';
import { clear, pagesOf, place, shownCams, swap, turned, withLayout, type Wall } from './wall';

const ARROWS: readonly { code: string; to: Direction }[] = [
  { code: 'ArrowLeft', to: 'left' },
  { code: 'ArrowRight', to: 'right' },
  { code: 'ArrowUp', to: 'up' },
  { code: 'ArrowDown', to: 'down' },
];
const DIGITS = Array.from('0123456789');

export interface TileHandle {
  snapshot: () => void;
  /** Plays again from the next longer time back. */
  replay: () => void;
  live: () => void;
  pause: () => void;
  sound: () => void;
  /** In, out, or back to the whole picture. */
  zoom: (by: 1 | -1 | null) => void;
  isReplaying: boolean;
}

interface Keys extends WallChange {
  wall: Wall;
  cameras: readonly Camera[];
  selected: number;
  select: (tile: number) => void;
  entry: NumberEntry;
  /** Null while no tour runs. */
  pauseTour: (() => void) | null;
  handle: (tile: number) => TileHandle | undefined;
  fullScreen: () => void;
  playback: (camera: string) => void;
  turn: (wall: Wall) => void;
}

/** Enter on a button, a link or a row of the tree is theirs. */
const ownsEnter = (element: Element | null): boolean => element !== null && element.matches('a, button, input, [role="button"], [role="radio"], [role="menuitem"]');

export function useWallKeys({ wall, cameras, selected, select, entry, handle, fullScreen, playback, turn, change, undo, pauseTour }: Keys): void {
  const { t } = useTranslation();
  const chosen = shownCams(wall)[selected] ?? null;
  const on = (act: (tile: TileHandle) => void) => () => {
    const tile = handle(selected);
    if (tile) act(tile);
  };
  const move = (to: Direction) => {
    const next = neighbour(wall.layout, selected, to);
    if (chosen === null || next === selected) return;
    change(swap(wall, selected, next));
    select(next);
  };
  const pause = () => {
    const tile = handle(selected);
    if (tile?.isReplaying) tile.pause();
    else pauseTour?.();
  };
  const enter = () => {
    if (entry.digits !== '') {
      const found = camerasByNumber(cameras, entry.digits);
      if (found.length === 1) change(place(wall, Math.max(0, selected), [found[0]!.id]));
      if (found.length === 1) entry.drop();
    } else if (chosen !== null && !ownsEnter(document.activeElement)) {
      change({ ...wall, max: wall.max === selected ? null : selected });
    }
  };
  const escape = () => {
    const tile = handle(selected);
    if (entry.digits !== '') entry.drop();
    else if (tile?.isReplaying) tile.live();
    else if (wall.max !== null) change({ ...wall, max: null });
    else select(-1);
  };

  useHotkeys('live', t('nav.live'), [
    ...ARROWS.map(({ code, to }) => ({ keys: code, text: t('live.keys.move'), run: () => select(selected < 0 ? 0 : neighbour(wall.layout, selected, to)) })),
    ...ARROWS.map(({ code, to }) => ({ keys: `Alt+${code}`, text: t('live.keys.move_tile'), sheet: 'Alt + ← → ↑ ↓', run: () => move(to) })),
    ...LAYOUTS.map((layout, i) => ({ keys: layoutKey(i), text: t('live.keys.layout'), sheet: 'Alt + 1–9, 0', run: () => change(withLayout(wall, layout)) })),
    { keys: 'Enter', text: t('live.keys.maximise'), run: enter },
    { keys: 'Escape', text: t('live.keys.restore'), run: escape },
    { keys: 'KeyF', text: t('live.full_screen'), run: fullScreen },
    { keys: 'PageDown', text: t('live.keys.page'), run: () => pagesOf(wall) > 1 && turn(turned(wall, 1)) },
    { keys: 'PageUp', text: t('live.keys.page'), run: () => pagesOf(wall) > 1 && turn(turned(wall, -1)) },
    ...DIGITS.flatMap((d) => [`Digit${d}`, `Numpad${d}`].map((keys) => ({ keys, text: t('live.keys.number'), sheet: `0–9`, run: () => entry.type(d) }))),
    { keys: 'NumpadEnter', text: t('live.keys.number'), sheet: 'Enter', run: enter },
    { keys: 'Backspace', text: t('live.keys.number_rub'), run: entry.rub },
    { keys: 'KeyS', text: t('live.snapshot'), run: on((tile) => tile.snapshot()) },
    { keys: 'KeyI', text: t('live.keys.replay'), run: on((tile) => tile.replay()) },
    { keys: 'KeyL', text: t('live.to_live'), run: on((tile) => tile.live()) },
    { keys: 'Space', text: t('live.keys.pause'), run: pause },
    { keys: 'KeyM', text: t('live.keys.sound'), run: on((tile) => tile.sound()) },
    { keys: 'Equal', text: t('live.keys.zoom'), sheet: '+', run: on((tile) => tile.zoom(1)) },
    { keys: 'Minus', text: t('live.keys.zoom'), sheet: '−', run: on((tile) => tile.zoom(-1)) },
    { keys: 'KeyZ', text: t('live.zoom_reset'), run: on((tile) => tile.zoom(null)) },
    { keys: 'KeyB', text: t('live.playback_now'), run: () => chosen !== null && playback(chosen) },
    { keys: 'Delete', text: t('live.close'), run: () => chosen !== null && change(clear(wall, selected)) },
    { keys: 'Control+KeyZ', text: t('live.undo'), run: () => undo?.() },
  ]);
}
