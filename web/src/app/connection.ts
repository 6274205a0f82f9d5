/** Whether the browser reaches its node: told by the facts socket and by the browser itself. */

import { create } from 'zustand';

interface Connection {
  /** Local ms since when the node is away, or null while it answers. */
  lostAtMs: number | null;
  lost: () => void;
  back: () => void;
}

export const useConnection = create<Connection>()((set) => ({
  lostAtMs: null,
  lost: () => set((s) => (s.lostAtMs === null ? { lostAtMs: Date.now() } : s)),
  back: () => set((s) => (s.lostAtMs === null ? s : { lostAtMs: null })),
}));
