/** Digits typed on the wall, kept until Enter takes them, Escape drops them, or nobody types for a while. */

import { useEffect, useState } from 'react';
import { DIGITS_MOST } from './cameraNumber';

const PATIENCE_MS = 6_000;

export interface NumberEntry {
  digits: string;
  type: (digit: string) => void;
  rub: () => void;
  drop: () => void;
}

export function useNumberEntry(): NumberEntry {
  const [digits, setDigits] = useState('');
  useEffect(() => {
    if (digits === '') return;
    const timer = setTimeout(() => setDigits(''), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [digits]);
  return {
    digits,
    type: (digit) => setDigits((d) => (d + digit).slice(0, DIGITS_MOST)),
    rub: () => setDigits((d) => d.slice(0, -1)),
    drop: () => setDigits(''),
  };
}
