/** What every window takes: a place, drops, clicks, selection. */

import type { DragEvent } from 'react';
import { CAMERA_DRAG, droppedCameras } from '@/shared/ui/CameraTree';

export const TILE_DRAG = 'application/x-vms-tile';

export interface TileActions {
  select: () => void;
  toggleMax: () => void;
  close: () => void;
  closeAll: () => void;
  playback: () => void;
  point: () => void;
  dropCameras: (ids: string[]) => void;
  dropTile: (from: number) => void;
}

export interface FrameProps {
  index: number;
  /** Where it stands: a `grid-area`; null while it only gets ready for the next page. */
  area: string | null;
  selected: boolean;
  maximised: boolean;
  actions: TileActions;
}

export function useTileBox({ index, area, selected, maximised, actions }: FrameProps) {
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    const tile = event.dataTransfer.getData(TILE_DRAG);
    if (tile !== '') actions.dropTile(Number(tile));
    else {
      const ids = droppedCameras(event);
      if (ids.length > 0) actions.dropCameras(ids);
    }
  };
  const onDragOver = (event: DragEvent) => {
    if (event.dataTransfer.types.includes(CAMERA_DRAG) || event.dataTransfer.types.includes(TILE_DRAG)) event.preventDefault();
  };
  return {
    ...(area === null ? { hidden: true } : { 'data-testid': `tile-${index}`, style: { gridArea: area } }),
    className: ['tile', selected ? 'tile-selected' : '', maximised ? 'tile-max' : ''].join(' '),
    role: 'group',
    'aria-hidden': area === null,
    tabIndex: area === null ? -1 : 0,
    onDrop,
    onDragOver,
    onClick: actions.select,
    onFocus: actions.select,
  };
}
