/** The node's clock as this browser knows it: local clock + the offset measured on `GET /system`. */

import { useEffect, useState } from 'react';

let offsetUs = 0;

/** `serverUs` was read between the two local instants; the middle is the best guess. */
export function learnServerTime(serverUs: number, sentMs: number, receivedMs: number): void {
  offsetUs = serverUs - ((sentMs + receivedMs) / 2) * 1000;
}

export const nowUs = (): number => Math.round(Date.now() * 1000 + offsetUs);

/** Node time that re-renders every `everyMs`. */
export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(nowUs);
  useEffect(() => {
    const timer = setInterval(() => setNow(nowUs()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
