/** A wall screen is read from across a room: above this width texts and controls are half as large again. `styles.css` has the same width. */

const LARGE_PX = 2800;

export const LARGE = typeof window !== 'undefined' && window.innerWidth >= LARGE_PX;
export const scaled = (px: number): number => (LARGE ? Math.round(px * 1.4) : px);
