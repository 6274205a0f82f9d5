/**
 * Keys of the present screen, bound by `event.code` so that the layout of the keyboard does not matter; silent while somebody types or
 * a Chinese input method composes. The same list feeds the `?` sheet, so it cannot promise what is not there.
 */

import { useEffect, useRef } from 'react';
import { create } from 'zustand';

export interface Hotkey {
  /** `KeyF`, `Shift+Slash`, `Control+KeyK`, `Alt+Digit1`… */
  keys: string;
  /** Translated text for the key sheet; keys with the same text stand on one line. */
  text: string;
  /** What the sheet shows instead of the key's own name; keys of one line that show the same stand there once. */
  sheet?: string;
  run: () => void;
}

interface HotkeyStore {
  groups: Record<string, { title: string; keys: readonly Hotkey[] }>;
  put: (id: string, title: string, keys: readonly Hotkey[]) => void;
  drop: (id: string) => void;
}

export const useHotkeyStore = create<HotkeyStore>()((set) => ({
  groups: {},
  put: (id, title, keys) => set((s) => ({ groups: { ...s.groups, [id]: { title, keys } } })),
  drop: (id) => set((s) => ({ groups: Object.fromEntries(Object.entries(s.groups).filter(([k]) => k !== id)) })),
}));

export function comboOf(event: Pick<KeyboardEvent, 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>): string {
  const mods = [event.ctrlKey || event.metaKey ? 'Control+' : '', event.altKey ? 'Alt+' : '', event.shiftKey ? 'Shift+' : ''].join('');
  return mods + event.code;
}

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Ctrl with these edits the text that somebody types. */
const EDITS = new Set(['KeyA', 'KeyC', 'KeyV', 'KeyX', 'KeyY', 'KeyZ']);

const inDialog = (): boolean => document.querySelector('.ant-modal-wrap:not([style*="display: none"]), .ant-drawer-open') !== null;

/** `title` and `keys` may be new objects on each render; the listener reads the newest. */
export function useHotkeys(id: string, title: string, keys: readonly Hotkey[], { evenInDialogs = false } = {}): void {
  const latest = useRef(keys);
  const put = useHotkeyStore((s) => s.put);
  const drop = useHotkeyStore((s) => s.drop);
  const sheet = keys.map((k) => `${k.keys}|${k.text}|${k.sheet ?? ''}`).join('\n');
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    put(id, title, latest.current);
    return () => drop(id);
  }, [id, title, sheet, put, drop]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.key === 'Process') return;
      if (typing(event.target) && (!event.ctrlKey || EDITS.has(event.code))) return;
      if (!evenInDialogs && inDialog()) return;
      const combo = comboOf(event);
      const hit = latest.current.find((k) => k.keys === combo);
      if (!hit) return;
      event.preventDefault();
      hit.run();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [evenInDialogs]);
}

const NAMES: Record<string, string> = {
  Control: 'Ctrl',
  Space: 'Space',
  Slash: '/',
  'Shift+Slash': '?',
  Comma: ',',
  Period: '.',
  BracketLeft: '[',
  BracketRight: ']',
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Equal: '+',
  Minus: '−',
};

export function keyText(combo: string): string {
  if (NAMES[combo]) return NAMES[combo];
  return combo
    .split('+')
    .map((part) => NAMES[part] ?? part.replace(/^(Key|Digit)/, ''))
    .join(' + ');
}
