import { setupServer } from 'msw/node';
import { http, HttpResponse } from 'msw';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { client } from '@/client/client.gen';
import { createSession, listCameras } from '@/client/sdk.gen';
import { ApiError, OFFLINE_CODE, problemFrom, whenSignedOut } from '@/shared/api/http';
import { problemText } from '@/shared/lib/problems';

const NODE = 'http://node.test';
const node = setupServer();

beforeAll(() => {
  node.listen({ onUnhandledFrame: 'error' });
  client.setConfig({ baseUrl: NODE });
});
afterEach(() => node.resetHandlers());
afterAll(() => node.close());

const failing = (status: number, code: string) => HttpResponse.json({ type: `/problems/${code}`, title: '', status, code, detail: '', params: {}, request_id: 'r-1' }, { status });

async function errorOf(work: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await work.then(
    () => null,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

test('a problem keeps its code and the request id to copy', async () => {
  node.use(http.get(`${NODE}/api/v1/cameras`, () => failing(503, 'unavailable')));
  const { problem } = await errorOf(listCameras());
  expect(problem).toMatchObject({ status: 503, code: 'unavailable', requestId: 'r-1' });
  expect(problemText(problem)).toBe('problem.unavailable');
});

test('a session that ended is told in one place, a refused sign-in is not', async () => {
  let told = 0;
  whenSignedOut(() => told++);
  node.use(
    http.get(`${NODE}/api/v1/cameras`, () => failing(401, 'unauthenticated')),
    http.post(`${NODE}/api/v1/sessions`, () => failing(401, 'unauthenticated')),
  );
  await errorOf(listCameras());
  expect(told).toBe(1);
  await errorOf(createSession({ body: { login_token: 'used' } }));
  expect(told).toBe(1);
});

test('a node that cannot be reached is its own problem', async () => {
  node.use(http.get(`${NODE}/api/v1/cameras`, () => HttpResponse.error()));
  expect((await errorOf(listCameras())).problem.code).toBe(OFFLINE_CODE);
});

test('a page of a proxy has a status and no more', () => {
  expect(problemFrom('<html>', { status: 502, headers: new Headers() })).toMatchObject({ status: 502, code: 'http_502' });
});

test('every change says that it comes from the console', async () => {
  let said: string | null = null;
  node.use(
    http.post(`${NODE}/api/v1/sessions`, ({ request }) => {
      said = request.headers.get('x-vms-csrf');
      return failing(401, 'unauthenticated');
    }),
  );
  await errorOf(createSession({ body: { login_token: 'any' } }));
  expect(said).toBe('1');
});
