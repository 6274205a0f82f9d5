/** The tile that an officer chose last: the tree opens into it, the keys act on it. It outlives the page, not the tab. */

import { create } from 'zustand';

interface Selection {
  tile: number;
  select: (tile: number) => void;
}

export const useSelection = create<Selection>()((set) => ({ tile: -1, select: (tile) => set({ tile }) }));
