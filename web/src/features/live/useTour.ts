/** Turns the pages of a tour, and says when the next one is to get ready. Held by its button, by a maximised tile, and while a pointer moves over the wall. */

import { useEffect, useRef, useState } from 'react';
import { useStable } from '@/shared/lib/useStable';
import { begun, later, type Tour } from './tour';
import { pagesOf, turned, type Wall } from './wall';

const TICK_MS = 250;
const POINTER_REST_MS = 5_000;

export interface TourView {
  /** Null while no tour runs. */
  left: number | null;
  ready: boolean;
  paused: boolean;
  toggle: () => void;
  onPointerMove: () => void;
}

export function useTour(wall: Wall, turn: (wall: Wall) => void): TourView {
  const dwellMs = wall.dwell !== null && pagesOf(wall) > 1 ? wall.dwell * 1000 : null;
  const [paused, setPaused] = useState(false);
  const [tour, setTour] = useState<Tour | null>(null);
  const movedAt = useRef(-Infinity);
  const on = useStable(() => turn(turned(wall, 1)));
  const held = useRef(false);
  useEffect(() => {
    held.current = paused || wall.max !== null;
  });
  useEffect(() => {
    if (dwellMs === null) return;
    let now = begun(dwellMs);
    let at = performance.now();
    const timer = setInterval(() => {
      const then = performance.now();
      const rests = then - movedAt.current > POINTER_REST_MS;
      now = later(now, then - at, dwellMs, held.current || !rests || document.visibilityState !== 'visible');
      at = then;
      setTour(now);
      if (!now.turn) return;
      now = begun(dwellMs);
      on();
    }, TICK_MS);
    return () => {
      clearInterval(timer);
      setTour(null);
    };
  }, [dwellMs, wall.page, on]);
  return {
    left: dwellMs === null ? null : Math.ceil((tour?.leftMs ?? dwellMs) / 1000),
    ready: dwellMs !== null && (tour?.ready ?? false),
    paused,
    toggle: () => setPaused((p) => !p),
    onPointerMove: () => {
      movedAt.current = performance.now();
    },
  };
}
