/** Time of the shown frame, written past React: sixteen tiles at 25 frames a second are not a matter of state. */

import { useCallback, useEffect, useRef, type RefObject } from 'react';
import { nowUs } from '@/shared/lib/clock';
import { clockText } from '@/shared/lib/time';

const LATE_MS = 2_000;
const VERY_LATE_MS = 5_000;
const FRAME_ATTRIBUTE_MS = 100;

export function useShownTime(section: RefObject<HTMLElement | null>) {
  const clock = useRef<HTMLSpanElement | null>(null);
  const latency = useRef<HTMLSpanElement | null>(null);
  const stale = useRef<HTMLSpanElement | null>(null);
  const wall = useRef<number | null>(null);
  const writtenAt = useRef(0);
  const onFrame = useCallback(
    (wallUs: number) => {
      wall.current = wallUs;
      const now = performance.now();
      if (now - writtenAt.current < FRAME_ATTRIBUTE_MS) return;
      writtenAt.current = now;
      section.current?.setAttribute('data-wall-us', String(wallUs));
      write(clock.current, clockText(wallUs));
    },
    [section],
  );
  useEffect(() => {
    const timer = setInterval(() => {
      if (wall.current === null) return;
      const ms = Math.max(0, (nowUs() - wall.current) / 1000);
      write(stale.current, (ms / 1000).toFixed(0));
      if (!latency.current) return;
      write(latency.current, ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : '');
      latency.current.dataset['level'] = ms > VERY_LATE_MS ? 'bad' : ms > LATE_MS ? 'late' : 'good';
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  return { clock, latency, stale, onFrame, wallUs: () => wall.current };
}

function write(element: HTMLElement | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}
