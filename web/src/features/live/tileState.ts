/** What a tile shows, from what the camera says and what the picture does. Pure. */

import type { LiveState } from '@/player/livePlayer';
import type { Camera } from '@/shared/api/types';

export type TileState = 'playing' | 'connecting' | 'offline' | 'unsupported' | 'stalled';

/** A moving picture wins over the camera's state, which may be a second older. */
export function tileState(camera: Pick<Camera, 'state'> | null, picture: LiveState, playable: boolean): TileState {
  if (!playable || picture === 'unsupported') return 'unsupported';
  if (picture === 'playing') return 'playing';
  if (picture === 'refused') return 'offline';
  if (camera === null || camera.state === 'offline' || camera.state === 'disabled') return 'offline';
  return picture;
}
