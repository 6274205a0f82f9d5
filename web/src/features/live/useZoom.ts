/** Digital zoom of one window: wheel about the pointer, drag to move. Written past React, to a property that the videos inside follow. */

import { useEffect, useRef, useState, type PointerEvent, type RefObject } from 'react';
import { useStable } from '@/shared/lib/useStable';
import { isZoomed, panned, WHOLE, zoomAt, type Zoom } from './zoom';

const WHEEL_STEP = 1.0015;
const MIDDLE = 1;

interface Zooming {
  /** 1 for the whole picture; a window that is zoomed is not dragged. */
  scale: number;
  by: (factor: number) => void;
  reset: () => void;
  pointer: { onPointerDown: (e: PointerEvent) => void; onPointerMove: (e: PointerEvent) => void; onPointerUp: (e: PointerEvent) => void };
}

export function useZoom(frame: RefObject<HTMLElement | null>): Zooming {
  const zoom = useRef<Zoom>(WHOLE);
  const [scale, setScale] = useState(1);
  const held = useRef<{ x: number; y: number } | null>(null);
  const set = useStable((next: Zoom) => {
    zoom.current = next;
    setScale(next.scale);
    frame.current?.style.setProperty('--zoom', isZoomed(next) ? `translate(${next.x * 100}%, ${next.y * 100}%) scale(${next.scale})` : 'none');
  });
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      set(zoomAt(zoom.current, WHEEL_STEP ** -event.deltaY, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [frame, set]);

  const onPointerDown = (event: PointerEvent) => {
    if (!isZoomed(zoom.current) || (event.button !== 0 && event.button !== MIDDLE)) return;
    held.current = { x: event.clientX, y: event.clientY };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent) => {
    if (!held.current) return;
    const box = event.currentTarget.getBoundingClientRect();
    set(panned(zoom.current, (event.clientX - held.current.x) / box.width, (event.clientY - held.current.y) / box.height));
    held.current = { x: event.clientX, y: event.clientY };
  };
  const onPointerUp = () => {
    held.current = null;
  };
  return {
    scale,
    by: (factor) => set(zoomAt(zoom.current, factor, 0.5, 0.5)),
    reset: () => set(WHOLE),
    pointer: { onPointerDown, onPointerMove, onPointerUp },
  };
}
