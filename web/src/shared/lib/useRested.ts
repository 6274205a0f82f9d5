import { useEffect, useState } from 'react';

/** The value once it has stood still for `ms`; null while it moves. A pointer that passes by asks for nothing. */
export function useRested<T>(value: T, ms: number): T | null {
  const [rested, setRested] = useState<{ value: T } | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setRested({ value }), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return rested !== null && Object.is(rested.value, value) ? rested.value : null;
}
