/** The wall clock of the node's time zone, which `GET /system` names: how far it is from UTC at an instant. Times in µs. */

const DAY_US = 86_400e6;
/** No zone changes its offset within a quarter of an hour of UTC. */
const QUARTER_US = 900e6;
const MOST_KEPT = 4096;

interface Zone {
  name: string;
  format: Intl.DateTimeFormat;
  offsets: Map<number, number>;
}

const zoneOf = (name: string): Zone => ({
  name,
  format: new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' }),
  offsets: new Map(),
});

let zone = zoneOf('UTC');

/** From now on all times are shown in this zone (IANA name). A zone that this browser does not know leaves the one before. */
export function setZone(name: string): void {
  if (name === zone.name) return;
  try {
    zone = zoneOf(name);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

export const zoneName = (): string => zone.name;

/** Wall clock − UTC at an instant. */
export function offsetUs(us: number): number {
  const quarter = Math.floor(us / QUARTER_US);
  const kept = zone.offsets.get(quarter);
  if (kept !== undefined) return kept;
  if (zone.offsets.size >= MOST_KEPT) zone.offsets.clear();
  const at = (quarter * QUARTER_US) / 1000;
  const parts = new Map(zone.format.formatToParts(at).map((p) => [p.type, Number(p.value)]));
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const found = (Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) - at) * 1000;
  zone.offsets.set(quarter, found);
  return found;
}

/** `UTC+8`, `UTC-3:30`: what is written beside a time that leaves the console. */
export function offsetText(us: number): string {
  const minutes = Math.round(offsetUs(us) / 60e6);
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `UTC${minutes < 0 ? '-' : '+'}${hours}${rest ? `:${String(rest).padStart(2, '0')}` : ''}`;
}

/** The instant at which the wall clock shows `wallUs`: the first of two where it is set back, as much later as is left out where it is set ahead. */
export function instantOf(wallUs: number): number {
  const before = offsetUs(wallUs - DAY_US);
  const after = offsetUs(wallUs + DAY_US);
  if (offsetUs(wallUs - before) !== before && offsetUs(wallUs - after) === after) return wallUs - after;
  return wallUs - before;
}
