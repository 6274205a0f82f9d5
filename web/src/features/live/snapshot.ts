/** The shown frame at full size as a PNG named by camera and time. */

import { dateTimeMsText } from '@/shared/lib/time';

export function saveSnapshot(video: HTMLVideoElement | null, name: string, wallUs: number | null): void {
  if (!video || video.videoWidth === 0) return;
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  canvas.toBlob((blob) => {
    if (!blob) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    const time = wallUs === null ? '' : ` ${dateTimeMsText(wallUs).replaceAll(':', '.')}`;
    link.download = `${name.replace(/[\\/:*?"<>|]/g, '_')}${time}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }, 'image/png');
}
