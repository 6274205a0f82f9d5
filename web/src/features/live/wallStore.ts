/** What an officer chose last on the wall. It outlives the page, not the tab. */

import { create } from 'zustand';
import type { Wall } from './wall';

interface WallStore {
  /** The tile that the tree opens into and the keys act on; −1 for none. */
  tile: number;
  select: (tile: number) => void;
  /** The wall before the last change of it. */
  before: Wall | null;
  keep: (wall: Wall | null) => void;
}

export const useWallStore = create<WallStore>()((set) => ({
  tile: -1,
  select: (tile) => set({ tile }),
  before: null,
  keep: (before) => set({ before }),
}));
