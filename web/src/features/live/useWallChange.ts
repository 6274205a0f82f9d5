/** Changing the wall: each change is a URL of its own, and the one before it can be taken back. */

import { useStable } from '@/shared/lib/useStable';
import { sameCameras, wallSearch, type LiveSearch, type Wall } from './wall';
import { useWallStore } from './wallStore';

export interface WallChange {
  change: (next: Wall) => void;
  /** Null when there is nothing to take back. Taking back twice does it again. */
  undo: (() => void) | null;
}

export function useWallChange(wall: Wall, setSearch: (search: LiveSearch, replace: boolean) => void): WallChange {
  const before = useWallStore((s) => s.before);
  const keep = useWallStore((s) => s.keep);
  const change = useStable((next: Wall) => {
    if (!sameCameras(wall, next)) keep(wall);
    setSearch(wallSearch(next), false);
  });
  return { change, undo: before === null ? null : () => change(before) };
}
