/** The group that all windows of a playback follow, as React sees it. */

import { useEffect, useState } from 'react';
import { PastGroup, type GroupState } from '@/player/pastGroup';
import type { Gap } from '@/player/pastPlayer';

const FIRST: GroupState = { playing: true, waiting: true, speed: 1, atEnd: false };

export interface PastView {
  group: PastGroup;
  state: GroupState;
  wallUs: number;
  jump: Gap | null;
}

const SHOWN_EVERY_MS = 100;

export function usePastGroup(startUs: number): PastView {
  const [state, setState] = useState(FIRST);
  const [wallUs, setWallUs] = useState(startUs);
  const [jump, setJump] = useState<Gap | null>(null);
  const [group] = useState(() => {
    let shownAt = -Infinity;
    return new PastGroup(startUs, {
      state: setState,
      time: (wall) => {
        const now = performance.now();
        if (now - shownAt < SHOWN_EVERY_MS) return;
        shownAt = now;
        setWallUs(wall);
      },
      jumped: setJump,
    });
  });
  useEffect(() => group.start(), [group]);
  return { group, state, wallUs, jump };
}
