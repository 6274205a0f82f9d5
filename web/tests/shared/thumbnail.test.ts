// @vitest-environment jsdom
/** Thumbnails: addresses, one asking per second of the past, refusals as problems; a pointer that passes by asks for nothing. */

import { QueryClient } from '@tanstack/react-query';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '@/shared/api/http';
import { snapshotPath, thumbnailQuery } from '@/shared/api/thumbnail';

afterEach(() => vi.unstubAllGlobals());

const answers = (...list: Response[]) => {
  const asked = vi.fn(() => Promise.resolve(list.shift()!));
  vi.stubGlobal('fetch', asked);
  return asked;
};
const picture = () => new Response(new Uint8Array([255, 216, 255, 217]), { headers: { 'content-type': 'image/jpeg', 'picture-time': '2026-05-01T12:00:00.040000Z' } });

describe('a thumbnail', () => {
  it('is of now or of a moment', () => {
    expect(snapshotPath('a b', null)).toBe('/api/v1/cameras/a%20b/snapshot.jpg?width=320');
    expect(snapshotPath('c', 5_100_000.4)).toBe('/api/v1/cameras/c/snapshot.jpg?width=320&at=5100000');
  });

  it('is asked for once in each second of the past and says when it was taken', async () => {
    const asked = answers(picture(), picture());
    const client = new QueryClient();
    const first = await client.query(thumbnailQuery('c', 5_100_000));
    expect(first).toEqual({ src: 'data:image/jpeg;base64,/9j/2Q==', takenUs: Date.UTC(2026, 4, 1, 12) * 1000 + 40_000 });
    await client.query(thumbnailQuery('c', 5_900_000));
    expect(asked).toHaveBeenCalledTimes(1);
    await client.query(thumbnailQuery('c', 6_000_000));
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it('that is refused is a problem and is not asked for again by itself', async () => {
    const problem = new Response(JSON.stringify({ code: 'unavailable', params: { retry_after_s: 2 } }), { status: 503 });
    const asked = answers(problem);
    const failed = await new QueryClient().query(thumbnailQuery('c', null)).catch((error: unknown) => error);
    expect(failed instanceof ApiError && failed.problem.code).toBe('unavailable');
    expect(asked).toHaveBeenCalledTimes(1);
  });
});
