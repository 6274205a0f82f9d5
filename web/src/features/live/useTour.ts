/** Turns the pages of a tour, and says when the next one is to get ready. Held by its button, by a maximised tile, and while a pointer moves over the wall. */

import { useEffect, useRef, useState, type RefObject } from 'react';
import { useStable } from '@/shared/lib/useStable';
import { begun, later } from './tour';
import { pagesOf, turned, type Wall } from './wall';

const TICK_MS = 250;
const POINTER_REST_MS = 5_000;

export interface TourView {
  on: boolean;
  /** Shows the seconds left, written past React: a wall of tiles is not drawn anew for a countdown. */
  left: RefObject<HTMLSpanElement | null>;
  ready: boolean;
  paused: boolean;
  toggle: () => void;
  onPointerMove: () => void;
}

export function useTour(wall: Wall, turn: (wall: Wall) => void): TourView {
  const dwellMs = wall.dwell !== null && pagesOf(wall) > 1 ? wall.dwell * 1000 : null;
  const [paused, setPaused] = useState(false);
  /** The page whose next one is to get ready; with the turn it is another page's matter at once. */
  const [readyAt, setReadyAt] = useState<number | null>(null);
  const left = useRef<HTMLSpanElement | null>(null);
  const movedAt = useRef(-Infinity);
  const turnOn = useStable(() => turn(turned(wall, 1)));
  const held = useRef(false);
  useEffect(() => {
    held.current = paused || wall.max !== null;
  });
  useEffect(() => {
    if (dwellMs === null) return;
    let now = begun(dwellMs);
    const show = () => {
      if (left.current) left.current.textContent = `${Math.ceil(now.leftMs / 1000)} s`;
    };
    show();
    let at = performance.now();
    const timer = setInterval(() => {
      const then = performance.now();
      const rests = then - movedAt.current > POINTER_REST_MS;
      now = later(now, then - at, dwellMs, held.current || !rests || document.visibilityState !== 'visible');
      at = then;
      setReadyAt(now.ready ? wall.page : null);
      show();
      if (!now.turn) return;
      now = begun(dwellMs);
      turnOn();
    }, TICK_MS);
    return () => {
      clearInterval(timer);
      setReadyAt(null);
    };
  }, [dwellMs, wall.page, turnOn]);
  return {
    on: dwellMs !== null,
    left,
    ready: dwellMs !== null && readyAt === wall.page,
    paused,
    toggle: () => setPaused((p) => !p),
    onPointerMove: () => {
      movedAt.current = performance.now();
    },
  };
}
