/** A callback that stays the same object and does what the newest render says, so that what it is given to need not render again. */

import { useCallback, useEffect, useRef } from 'react';

export function useStable<A extends unknown[]>(act: (...args: A) => void): (...args: A) => void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  return useCallback((...args: A) => latest.current(...args), []);
}
