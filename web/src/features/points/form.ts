/** Values of the point form ↔ what the node takes. Pure. */

import type { Camera, CameraIn, CameraPatch, RecordChoice, Transport } from '@/shared/api/types';

export interface PointValues {
  name: string;
  code?: string;
  region_id?: string;
  url: string;
  sub_url?: string;
  transport: Transport;
  username?: string;
  password?: string;
  record: RecordChoice;
  edge: boolean;
  edge_url?: string;
  sub_edge_url?: string;
  edge_days: number;
}

export const MAX_EDGE_DAYS = 365;
const EDGE_DAYS = 7;

export const EMPTY: PointValues = { name: '', url: '', transport: 'auto', record: 'always', edge: false, edge_days: EDGE_DAYS };

const profileUrl = (camera: Camera, name: string) => camera.profiles.find((p) => p.name === name);

export function valuesOf(camera: Camera): PointValues {
  const main = profileUrl(camera, 'main');
  const sub = profileUrl(camera, 'sub');
  return {
    name: camera.name,
    url: main?.url ?? '',
    transport: main?.transport ?? 'auto',
    record: camera.record,
    edge: camera.edge_days > 0,
    edge_days: camera.edge_days || EDGE_DAYS,
    ...(main?.edge_url ? { edge_url: main.edge_url } : {}),
    ...(sub?.edge_url ? { sub_edge_url: sub.edge_url } : {}),
    ...(camera.code === null ? {} : { code: camera.code }),
    ...(camera.region_id === null ? {} : { region_id: camera.region_id }),
    ...(sub ? { sub_url: sub.url } : {}),
    ...(camera.username === null ? {} : { username: camera.username }),
  };
}

function profiles(values: PointValues): CameraIn['profiles'] {
  const main = { name: 'main' as const, url: values.url.trim(), transport: values.transport, edge_url: some(values.edge_url) };
  const sub = values.sub_url?.trim();
  return sub ? [main, { name: 'sub', url: sub, transport: values.transport, edge_url: some(values.sub_edge_url) }] : [main];
}

const some = (text: string | undefined): string | null => text?.trim() || null;

export function toCreate(values: PointValues): CameraIn {
  return {
    name: values.name.trim(),
    code: some(values.code),
    region_id: values.region_id ?? null,
    profiles: profiles(values),
    username: some(values.username),
    password: values.password || null,
    record: values.record,
    edge_days: values.edge ? values.edge_days : 0,
  };
}

/** An empty password keeps the one that the node has: it never tells it. */
export function toPatch(values: PointValues): CameraPatch {
  const { password, ...rest } = toCreate(values);
  return { ...rest, ...(password ? { password } : {}) };
}

/** A pasted address: what is missing of `rtsp://…` is put before it; user and password in it go to their own fields. */
export function fromPasted(text: string): Pick<PointValues, 'url' | 'username' | 'password'> {
  const trimmed = text.trim();
  const full = /^rtsps?:\/\//i.test(trimmed) ? trimmed : `rtsp://${trimmed}`;
  const m = /^(rtsps?:\/\/)([^@/]*)@(.*)$/i.exec(full);
  if (!m) return { url: full };
  const [user = '', ...rest] = (m[2] ?? '').split(':');
  return { url: `${m[1]}${m[3]}`, username: decoded(user), password: decoded(rest.join(':')) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A bare per cent sign in a password is not an escape.
  }
}
