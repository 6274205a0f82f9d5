/** Which windows sound. One at a time, unless another is chosen beside it. Named by camera, so that sound goes along when a window moves. */

import { create } from 'zustand';

interface SoundStore {
  on: ReadonlySet<string>;
  acts: {
    /** Turns one window on, and the others off, or it off. */
    toggle: (window: string) => void;
    /** Turns one window on or off beside the others. */
    toggleBeside: (window: string) => void;
  };
}

export const soundToggled = (on: ReadonlySet<string>, window: string): ReadonlySet<string> => (on.has(window) ? without(on, window) : new Set([window]));
export const soundToggledBeside = (on: ReadonlySet<string>, window: string): ReadonlySet<string> => (on.has(window) ? without(on, window) : new Set([...on, window]));

const without = (on: ReadonlySet<string>, window: string) => new Set([...on].filter((w) => w !== window));

export const useSounds = create<SoundStore>()((set) => ({
  on: new Set(),
  acts: {
    toggle: (window) => set((s) => ({ on: soundToggled(s.on, window) })),
    toggleBeside: (window) => set((s) => ({ on: soundToggledBeside(s.on, window) })),
  },
}));
