/** Draws a timeline scene on a 2D context. Kinds differ by colour, height and pattern, never by colour alone. */

import { scaled } from '@/shared/lib/screen';
import { mergeRuns, spanOf, ticks, timeToX, type RunSpan, type View } from './math';

export interface GapRun extends RunSpan {
  cause: string;
}

export interface Track {
  id: string;
  name: string;
  recorded: readonly RunSpan[];
  gaps: readonly GapRun[];
  /** Events: a mark where each began. */
  events: readonly RunSpan[];
}

export interface Scene {
  view: View;
  tracks: readonly Track[];
  headUs: number | null;
  nowUs: number;
  selection: View | null;
  hoverX: number | null;
  /** Wall clock − UTC at an instant. */
  offsetUs: (us: number) => number;
  label: (us: number, majorUs: number) => { text: string; date: boolean };
}

export const RULER_PX = scaled(24);
export const TRACK_PX = scaled(26);
export const heightOf = (tracks: number): number => RULER_PX + Math.max(1, tracks) * TRACK_PX + 6;

const FONT = `${scaled(12)}px "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif`;
const COLOUR: Record<string, string> = { alarm: '#ff4d4f', motion: '#fa8c16', manual: '#fadb14', event: '#fa8c16', schedule: '#1677ff', held: '#13c2c2', edge: '#9254de', damaged: '#eb2f96' };
const THIN_GAP_EVERY_PX = 6;
const NORMAL = '#49aa19';
const LEAST_PX: Record<string, number> = { damaged: 3 }; // one GOP of a day must not be overlooked
const SHARE: Record<string, number> = { damaged: 1, alarm: 1, manual: 0.85, motion: 0.85, event: 0.9, schedule: 0.7, held: 0.9, edge: 0.5 };

export function draw(ctx: CanvasRenderingContext2D, scene: Scene, width: number, height: number): void {
  ctx.fillStyle = '#141414';
  ctx.fillRect(0, 0, width, height);
  ctx.font = FONT;
  ctx.textBaseline = 'middle';
  drawRuler(ctx, scene, width, height);
  scene.tracks.forEach((track, i) => drawTrack(ctx, scene, track, RULER_PX + i * TRACK_PX, width));
  drawFuture(ctx, scene, width, height);
  if (scene.selection) drawSelection(ctx, scene, scene.selection, width, height);
  if (scene.hoverX !== null) line(ctx, scene.hoverX, RULER_PX, height, 'rgba(255,255,255,0.45)', 1);
  if (scene.headUs !== null) drawHead(ctx, timeToX(scene.view, width, scene.headUs), width, height);
}

function drawRuler(ctx: CanvasRenderingContext2D, scene: Scene, width: number, height: number): void {
  const { view } = scene;
  const { majorUs, ticks: marks } = ticks(view, width, scene.offsetUs, scaled(84));
  for (const tick of marks) {
    const x = Math.round(timeToX(view, width, tick.us)) + 0.5;
    line(ctx, x, RULER_PX - (tick.major ? 10 : 5), RULER_PX, 'rgba(255,255,255,0.45)', 1);
    if (!tick.major) continue;
    line(ctx, x, RULER_PX, height, 'rgba(255,255,255,0.07)', 1);
    const { text, date } = scene.label(tick.us, majorUs);
    const w = ctx.measureText(text).width;
    ctx.fillStyle = date ? '#ffffff' : 'rgba(255,255,255,0.75)';
    if (x - w / 2 > scaled(90) && x + w / 2 < width) ctx.fillText(text, x - w / 2, scaled(8));
  }
}

function drawTrack(ctx: CanvasRenderingContext2D, scene: Scene, track: Track, top: number, width: number): void {
  const { view } = scene;
  const inner = TRACK_PX - 8;
  ctx.fillStyle = '#1d1e20';
  ctx.fillRect(0, top + 4, width, inner);
  for (const run of mergeRuns(track.recorded, spanOf(view) / width / 2)) {
    const [a, b] = clip(view, width, run);
    if (b < a) continue;
    const h = inner * (SHARE[run.kind] ?? 0.7);
    ctx.fillStyle = COLOUR[run.kind] ?? NORMAL;
    ctx.fillRect(a, top + 4 + inner - h, Math.max(LEAST_PX[run.kind] ?? 1, b - a), h);
  }
  for (const event of track.events) {
    const x = timeToX(view, width, event.fromUs);
    if (x < 0 || x > width) continue;
    ctx.fillStyle = '#ffd666';
    ctx.beginPath();
    ctx.moveTo(x, top + 11);
    ctx.lineTo(x - 5, top + 2);
    ctx.lineTo(x + 5, top + 2);
    ctx.fill();
  }
  let marked = -Infinity;
  for (const gap of track.gaps) {
    const [a, b] = clip(view, width, gap);
    if (b - a >= 1) hatch(ctx, a, top + 4, b - a, inner);
    else if (b >= a && a - marked > THIN_GAP_EVERY_PX) {
      // Thinner than a pixel: a nick says that something is missing here, without painting the recording over.
      line(ctx, a, top + 4, top + 9, 'rgba(255,255,255,0.6)', 1);
      marked = a;
    }
  }
}

function clip(view: View, width: number, run: RunSpan): [number, number] {
  return [Math.max(0, timeToX(view, width, run.fromUs)), Math.min(width, timeToX(view, width, run.toUs))];
}

function hatch(ctx: CanvasRenderingContext2D, x: number, y: number, w: number, h: number): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, w, h);
  ctx.clip();
  ctx.strokeStyle = 'rgba(255,255,255,0.28)';
  ctx.lineWidth = 1;
  ctx.beginPath();
  const from = Math.floor((x - h) / 7) * 7;
  for (let at = from; at < x + w; at += 7) {
    ctx.moveTo(at, y + h);
    ctx.lineTo(at + h, y);
  }
  ctx.stroke();
  ctx.strokeStyle = 'rgba(255,255,255,0.4)';
  ctx.strokeRect(x + 0.5, y + 0.5, Math.max(0, w - 1), h - 1);
  ctx.restore();
}

function drawFuture(ctx: CanvasRenderingContext2D, scene: Scene, width: number, height: number): void {
  const x = timeToX(scene.view, width, scene.nowUs);
  if (x >= width) return;
  ctx.fillStyle = 'rgba(0,0,0,0.55)';
  ctx.fillRect(Math.max(0, x), RULER_PX, width, height);
  if (x > 0) line(ctx, Math.round(x) + 0.5, RULER_PX - 6, height, '#52c41a', 2);
}

function drawSelection(ctx: CanvasRenderingContext2D, scene: Scene, selection: View, width: number, height: number): void {
  const a = timeToX(scene.view, width, selection.fromUs);
  const b = timeToX(scene.view, width, selection.toUs);
  ctx.fillStyle = 'rgba(64,150,255,0.28)';
  ctx.fillRect(a, RULER_PX, b - a, height - RULER_PX);
  line(ctx, a, RULER_PX - 8, height, '#4096ff', 2);
  line(ctx, b, RULER_PX - 8, height, '#4096ff', 2);
}

function drawHead(ctx: CanvasRenderingContext2D, x: number, width: number, height: number): void {
  if (x < -8 || x > width + 8) return;
  line(ctx, x, 6, height, '#ffffff', 2);
  ctx.fillStyle = '#ffffff';
  ctx.beginPath();
  ctx.moveTo(x - 6, RULER_PX - 12);
  ctx.lineTo(x + 6, RULER_PX - 12);
  ctx.lineTo(x, RULER_PX - 2);
  ctx.fill();
}

function line(ctx: CanvasRenderingContext2D, x: number, y1: number, y2: number, colour: string, width: number): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.beginPath();
  ctx.moveTo(x, y1);
  ctx.lineTo(x, y2);
  ctx.stroke();
}
