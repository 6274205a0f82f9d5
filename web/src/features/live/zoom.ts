/** 电子放大: which part of a picture fills its window. Pure. */

/** `x` and `y`: where the picture's top left lies, in widths and heights of the window; 0 to 1 − scale. */
export interface Zoom {
  scale: number;
  x: number;
  y: number;
}

export const WHOLE: Zoom = { scale: 1, x: 0, y: 0 };
export const SCALE_MOST = 8;

const within = (v: number, least: number, most: number) => Math.min(most, Math.max(least, v));

function kept({ scale, x, y }: Zoom): Zoom {
  const s = within(scale, 1, SCALE_MOST);
  return { scale: s, x: within(x, 1 - s, 0), y: within(y, 1 - s, 0) };
}

/** Enlarged by `factor`; the point of the picture under (px, py), in widths and heights of the window, stays there. */
export function zoomAt(zoom: Zoom, factor: number, px: number, py: number): Zoom {
  const scale = within(zoom.scale * factor, 1, SCALE_MOST);
  const by = scale / zoom.scale;
  return kept({ scale, x: px - (px - zoom.x) * by, y: py - (py - zoom.y) * by });
}

/** Moved by widths and heights of the window, never beyond the picture's edge. */
export const panned = (zoom: Zoom, dx: number, dy: number): Zoom => kept({ ...zoom, x: zoom.x + dx, y: zoom.y + dy });

export const isZoomed = (zoom: Zoom): boolean => zoom.scale > 1;
