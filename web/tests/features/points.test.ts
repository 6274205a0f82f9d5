import { expect, test } from 'vitest';
import { EMPTY, fromPasted, toCreate, toPatch, valuesOf } from '@/features/points/form';
import { filtered } from '@/features/points/search';
import { makeCamera } from '../support';

const profile = { transport: 'tcp' as const, codec: null, mime: null, width: null, height: null, fps: null, bitrate_bps: null, gop_ms: null, has_b_frames: null, audio: null, edge_url: null };
const camera = makeCamera({ profiles: [{ name: 'main', url: 'rtsp://192.0.2.7:554/a', ...profile }, { name: 'sub', url: 'rtsp://192.0.2.7:554/b', ...profile }] });

test('a pasted address is split from its user and password', () => {
  expect(fromPasted(' rtsp://admin:p%40ss:1@192.0.2.9:554/s1 ')).toEqual({ url: 'rtsp://192.0.2.9:554/s1', username: 'admin', password: 'p@ss:1' });
  expect(fromPasted('192.0.2.9/s1')).toEqual({ url: 'rtsp://192.0.2.9/s1' });
  expect(fromPasted('rtsp://u:50%@192.0.2.9/')).toMatchObject({ password: '50%' });
});

test('what the form shows of a camera is what it sends back', () => {
  expect(toPatch(valuesOf(camera))).toMatchObject({
    name: camera.name,
    code: camera.code,
    username: 'admin',
    profiles: [
      { name: 'main', url: 'rtsp://192.0.2.7:554/a', transport: 'tcp' },
      { name: 'sub', url: 'rtsp://192.0.2.7:554/b', transport: 'tcp' },
    ],
  });
});

test('an empty password is not sent with a change, an empty code clears it', () => {
  expect(toPatch({ ...valuesOf(camera), password: '', code: ' ' })).not.toHaveProperty('password');
  expect(toPatch({ ...valuesOf(camera), code: ' ' }).code).toBeNull();
  expect(toCreate({ ...EMPTY, name: ' a ', url: ' rtsp://192.0.2.1/ ', record: 'never' })).toEqual({
    name: 'a',
    code: null,
    region_id: null,
    profiles: [{ name: 'main', url: 'rtsp://192.0.2.1/', transport: 'auto', edge_url: null }],
    username: null,
    password: null,
    record: 'never',
    edge_days: 0,
  });
});

test('filling from the camera is off without its switch, and keeps its addresses', () => {
  const urls = { edge_url: 'rtsp://192.0.2.7:554/r1', sub_edge_url: 'rtsp://192.0.2.7:554/r2' };
  const on = toPatch({ ...valuesOf(camera), ...urls, edge: true, edge_days: 30 });
  expect(on).toMatchObject({ edge_days: 30, profiles: [{ edge_url: urls.edge_url }, { edge_url: urls.sub_edge_url }] });
  const shown = valuesOf({ ...camera, edge_days: 30, profiles: camera.profiles.map((p, i) => ({ ...p, edge_url: i ? urls.sub_edge_url : urls.edge_url })) });
  expect(shown).toMatchObject({ ...urls, edge: true, edge_days: 30 });
  expect(toPatch({ ...shown, edge: false })).toMatchObject({ edge_days: 0, profiles: [{ edge_url: urls.edge_url }, { edge_url: urls.sub_edge_url }] });
});

test('the filter finds by pinyin initials, code, address and state', () => {
  const other = makeCamera({ id: 'c2', name: '火车站', code: null, state: 'offline' });
  const both = [camera, other];
  expect(filtered(both, { q: 'dhm' })).toEqual([camera]);
  expect(filtered(both, { q: '192.0.2.7' })).toEqual([camera]);
  expect(filtered(both, { state: 'offline' })).toEqual([other]);
  expect(filtered(both, { state: 'nonsense' })).toEqual(both);
});
