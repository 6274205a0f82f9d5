/** The timeline's element: sizes a canvas by its box and device pixels, draws when dirty, turns pointers into intentions. */

import { draw, RULER_PX, TRACK_PX, type Scene } from './draw';
import { clampView, pan, spanOf, timeToX, xToTime, zoom, type View } from './math';

export interface Hover {
  x: number;
  us: number;
  track: number;
}

export interface TimelineHooks {
  view: (view: View) => void;
  seek: (us: number) => void;
  /** The head is dragged; `done` on release. */
  scrub: (us: number, done: boolean) => void;
  select: (selection: View | null) => void;
  hover: (hover: Hover | null) => void;
}

type Drag = { kind: 'pan'; lastX: number; moved: number; startX: number } | { kind: 'scrub' } | { kind: 'select'; fromUs: number };

const CLICK_PX = 4;
const HEAD_GRIP_PX = 7;
const DOUBLE_MS = 300;
const WHEEL_STEP = 60;

export class TimelineCanvas {
  private scene: Scene | null = null;
  private dirty = false;
  private frame = 0;
  private width = 0;
  private height = 0;
  private drag: Drag | null = null;
  private hoverX: number | null = null;
  private lastClickMs = -Infinity;
  private wheelSum = 0;
  private readonly observer: ResizeObserver;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly hooks: TimelineHooks,
  ) {
    this.observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      this.resize(entry.contentRect.width, entry.contentRect.height);
    });
    this.observer.observe(canvas);
    canvas.addEventListener('pointerdown', this.onDown);
    canvas.addEventListener('pointermove', this.onMove);
    canvas.addEventListener('pointerup', this.onUp);
    canvas.addEventListener('pointercancel', this.onUp);
    canvas.addEventListener('pointerleave', this.onLeave);
    canvas.addEventListener('wheel', this.onWheel, { passive: false });
  }

  show(scene: Scene): void {
    this.scene = scene;
    this.redraw();
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.observer.disconnect();
    this.canvas.removeEventListener('pointerdown', this.onDown);
    this.canvas.removeEventListener('pointermove', this.onMove);
    this.canvas.removeEventListener('pointerup', this.onUp);
    this.canvas.removeEventListener('pointercancel', this.onUp);
    this.canvas.removeEventListener('pointerleave', this.onLeave);
    this.canvas.removeEventListener('wheel', this.onWheel);
  }

  private resize(width: number, height: number): void {
    const ratio = window.devicePixelRatio;
    this.width = width;
    this.height = height;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.redraw();
  }

  private redraw(): void {
    if (this.dirty) return;
    this.dirty = true;
    this.frame = requestAnimationFrame(() => {
      this.dirty = false;
      const ctx = this.canvas.getContext('2d');
      if (!ctx || !this.scene || this.width === 0) return;
      const ratio = window.devicePixelRatio;
      ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw(ctx, { ...this.scene, hoverX: this.hoverX }, this.width, this.height);
    });
  }

  private readonly onDown = (event: PointerEvent): void => {
    if (!this.scene || event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    const { view, headUs } = this.scene;
    const us = xToTime(view, this.width, event.offsetX);
    const headX = headUs === null ? -Infinity : timeToX(view, this.width, headUs);
    if (event.ctrlKey) this.drag = { kind: 'select', fromUs: us };
    else if (event.offsetY < RULER_PX && Math.abs(event.offsetX - headX) <= HEAD_GRIP_PX) this.drag = { kind: 'scrub' };
    else this.drag = { kind: 'pan', lastX: event.offsetX, startX: event.offsetX, moved: 0 };
  };

  private readonly onMove = (event: PointerEvent): void => {
    const { scene, drag } = this;
    if (!scene) return;
    const us = xToTime(scene.view, this.width, event.offsetX);
    if (drag?.kind === 'pan') {
      const dx = event.offsetX - drag.lastX;
      drag.moved = Math.max(drag.moved, Math.abs(event.offsetX - drag.startX));
      drag.lastX = event.offsetX;
      if (drag.moved > CLICK_PX) this.hooks.view(clampView(pan(scene.view, (-dx / this.width) * spanOf(scene.view)), scene.nowUs));
    } else if (drag?.kind === 'scrub') this.hooks.scrub(Math.min(us, scene.nowUs), false);
    else if (drag?.kind === 'select') this.hooks.select(ordered(drag.fromUs, Math.min(us, scene.nowUs)));
    this.hoverX = event.offsetX;
    this.hooks.hover({ x: event.offsetX, us, track: Math.floor((event.offsetY - RULER_PX) / TRACK_PX) });
    this.redraw();
  };

  private readonly onUp = (event: PointerEvent): void => {
    const { scene, drag } = this;
    this.drag = null;
    if (!scene || !drag || event.type === 'pointercancel') return;
    const us = xToTime(scene.view, this.width, event.offsetX);
    if (drag.kind === 'scrub') this.hooks.scrub(Math.min(us, scene.nowUs), true);
    if (drag.kind !== 'pan' || drag.moved > CLICK_PX) return;
    const double = event.timeStamp - this.lastClickMs < DOUBLE_MS;
    this.lastClickMs = event.timeStamp;
    if (double) this.hooks.view(clampView(zoom(scene.view, us, -1), scene.nowUs));
    else if (us <= scene.nowUs) this.hooks.seek(us);
  };

  private readonly onLeave = (): void => {
    this.hoverX = null;
    this.hooks.hover(null);
    this.redraw();
  };

  private readonly onWheel = (event: WheelEvent): void => {
    if (!this.scene || event.deltaY === 0) return;
    event.preventDefault();
    // A touch pad sends many small steps, a wheel one large one.
    if (Math.sign(event.deltaY) !== Math.sign(this.wheelSum)) this.wheelSum = 0;
    this.wheelSum += event.deltaY;
    if (Math.abs(this.wheelSum) < WHEEL_STEP) return;
    this.wheelSum = 0;
    const about = xToTime(this.scene.view, this.width, event.offsetX);
    this.hooks.view(clampView(zoom(this.scene.view, about, event.deltaY < 0 ? 1 : -1), this.scene.nowUs));
  };
}

const ordered = (a: number, b: number): View => ({ fromUs: Math.min(a, b), toUs: Math.max(a, b) });
