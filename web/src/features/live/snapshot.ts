/** 抓图: the shown frame at full size as a PNG named by camera and time, with a watermark of when, where and by whom. */

import { dateTimeMsText } from '@/shared/lib/time';
import { offsetText } from '@/shared/lib/zone';

export interface SnapshotFacts {
  name: string;
  code: string | null;
  wallUs: number | null;
  officer: string;
}

/** Lines of the watermark: what is not known is left out, never guessed. */
export function watermarkLines({ name, code, wallUs, officer }: SnapshotFacts): string[] {
  const when = wallUs === null ? '' : `${dateTimeMsText(wallUs)} ${offsetText(wallUs)}`;
  return [[name, when].filter(Boolean).join('  '), [officer, code ?? ''].filter(Boolean).join('  ')].filter(Boolean);
}

export const snapshotName = ({ name, wallUs }: SnapshotFacts): string => {
  const time = wallUs === null ? '' : ` ${dateTimeMsText(wallUs).replaceAll(':', '.')}`;
  return `${name.replace(/[\\/:*?"<>|]/g, '_')}${time}.png`;
};

export function saveSnapshot(video: HTMLVideoElement | null, facts: SnapshotFacts): void {
  if (!video || video.videoWidth === 0) return;
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext('2d');
  if (!context) return;
  context.drawImage(video, 0, 0);
  drawWatermark(context, canvas, watermarkLines(facts));
  canvas.toBlob((blob) => {
    if (!blob) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = snapshotName(facts);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }, 'image/png');
}

const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';

/** At the bottom left on a scrim, so that it is read on light and dark pictures. */
function drawWatermark(context: CanvasRenderingContext2D, { width, height }: { width: number; height: number }, lines: readonly string[]): void {
  const size = Math.max(12, Math.round(height / 40));
  const line = Math.round(size * 1.4);
  context.font = `${size}px ${FONT}`;
  const widest = Math.min(width, Math.max(...lines.map((text) => context.measureText(text).width)) + size);
  const top = height - line * lines.length - size / 2;
  context.fillStyle = 'rgb(0 0 0 / 0.55)';
  context.fillRect(0, top, widest, height - top);
  context.fillStyle = 'rgb(255 255 255 / 0.92)';
  context.textBaseline = 'middle';
  lines.forEach((text, i) => context.fillText(text, size / 2, top + size / 4 + line * (i + 0.5), width - size));
}
