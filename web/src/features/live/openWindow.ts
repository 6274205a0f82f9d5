/** A wall in a window of its own, for the next screen: all it is stands in its address. */

import { wallSearch, type Wall } from './wall';

/** Where the router shows a wall without the shell. */
export const WALL_PATH = '/wall';

export const windowUrl = (wall: Wall): string => `${WALL_PATH}?${new URLSearchParams({ ...wallSearch({ ...wall, max: null }) }).toString().replaceAll('%2C', ',')}`;

let opened = 0;

/** Each its own: the same name would turn the window that is there already. */
export function openWindow(wall: Wall): void {
  const { availWidth, availHeight } = window.screen;
  window.open(windowUrl(wall), `vms-wall-${Date.now()}-${opened++}`, `popup,width=${Math.round(availWidth * 0.8)},height=${Math.round(availHeight * 0.8)}`);
}
