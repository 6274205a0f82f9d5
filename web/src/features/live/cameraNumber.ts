/** A camera by typed digits, as on a CCTV keyboard: the serial number of its code, or the last digits of the code. Pure. */

import type { Camera } from '@/shared/api/types';

/** GB/T 28181-2022 annex E: the last 6 of the 20 digits are the serial number (序号). */
const SERIAL_DIGITS = 6;
export const DIGITS_MOST = 20;

export function camerasByNumber<C extends Pick<Camera, 'code'>>(cameras: readonly C[], digits: string): C[] {
  if (!/^\d{1,20}$/.test(digits)) return [];
  if (digits.length > SERIAL_DIGITS) return cameras.filter((c) => c.code?.endsWith(digits));
  return cameras.filter((c) => c.code !== null && Number(c.code.slice(-SERIAL_DIGITS)) === Number(digits));
}
