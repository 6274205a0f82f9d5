/** Small pictures of a camera: the newest one, or that of a moment. Each says when it was taken. */

import { queryOptions } from '@tanstack/react-query';
import { parseUs, SECOND_US } from '@/shared/lib/time';
import { ApiError, problemFrom, signedOut } from './http';

export interface Thumb {
  /** `data:` URL: nothing to release, gone with the cache. */
  src: string;
  takenUs: number | null;
}

const WIDTH = 320;
const NEW_FOR_MS = 5_000;

/** `atUs` null is now. */
export function snapshotPath(camera: string, atUs: number | null): string {
  const query = new URLSearchParams({ width: String(WIDTH), ...(atUs === null ? {} : { at: String(Math.round(atUs)) }) });
  return `/api/v1/cameras/${encodeURIComponent(camera)}/snapshot.jpg?${query.toString()}`;
}

/** Moments of one second share their picture: it is that of their group of pictures anyway. */
export const thumbnailQuery = (camera: string, atUs: number | null) => {
  const second = atUs === null ? null : Math.floor(atUs / SECOND_US);
  return queryOptions({
    queryKey: ['thumbnail', camera, second],
    queryFn: ({ signal }) => load(snapshotPath(camera, atUs), signal),
    staleTime: second === null ? NEW_FOR_MS : Infinity,
    gcTime: 120_000,
    retry: false,
  });
};

async function load(path: string, signal: AbortSignal): Promise<Thumb> {
  const answer = await fetch(path, { signal, credentials: 'same-origin' });
  if (!answer.ok) {
    if (answer.status === 401) signedOut();
    throw new ApiError(problemFrom(await answer.json().catch(() => null), answer));
  }
  return { src: await dataUrl(await answer.blob()), takenUs: parseUs(answer.headers.get('picture-time')) };
}

const dataUrl = (blob: Blob): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(typeof reader.result === 'string' ? reader.result : '');
    reader.onerror = () => reject(reader.error ?? new Error('unreadable'));
    reader.readAsDataURL(blob);
  });
