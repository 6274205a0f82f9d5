/** Regions and cameras as one tree with counts. Pure. */

import type { Camera, Region } from '@/shared/api/types';

export interface RegionNode {
  kind: 'region';
  key: string;
  name: string;
  total: number;
  offline: number;
  children: TreeItem[];
}

export interface CameraNode {
  kind: 'camera';
  key: string;
  camera: Camera;
}

export type TreeItem = RegionNode | CameraNode;

const byName = new Intl.Collator('zh-Hans-CN-u-co-pinyin', { numeric: true });

export const sortCameras = (cameras: readonly Camera[]): Camera[] => [...cameras].sort((a, b) => byName.compare(a.name, b.name));

/** Cameras whose region is not known stand at the end, under no region. Regions without a camera are left out. */
export function buildTree(regions: readonly Region[], cameras: readonly Camera[]): TreeItem[] {
  const known = new Set(regions.map((r) => r.id));
  const camerasOf = Map.groupBy(sortCameras(cameras), (c) => (c.region_id !== null && known.has(c.region_id) ? c.region_id : ''));
  const regionsOf = Map.groupBy(regions, (r) => (r.parent_id !== null && known.has(r.parent_id) ? r.parent_id : ''));
  const seen = new Set<string>();

  const leaves = (id: string): CameraNode[] => (camerasOf.get(id) ?? []).map((camera) => ({ kind: 'camera', key: camera.id, camera }));

  const under = (parent: string): RegionNode[] =>
    (regionsOf.get(parent) ?? [])
      .filter((r) => !seen.has(r.id))
      .sort((a, b) => byName.compare(a.name, b.name))
      .map((r) => {
        seen.add(r.id);
        const children = [...under(r.id), ...leaves(r.id)];
        const own = camerasOf.get(r.id) ?? [];
        const below = children.filter((c): c is RegionNode => c.kind === 'region');
        return {
          kind: 'region' as const,
          key: `region:${r.id}`,
          name: r.name,
          total: own.length + below.reduce((n, c) => n + c.total, 0),
          offline: own.filter((c) => c.state === 'offline').length + below.reduce((n, c) => n + c.offline, 0),
          children,
        };
      })
      .filter((r) => r.total > 0);

  return [...under(''), ...leaves('')];
}

/** Cameras of a region and everything below it, in the order of the tree. */
export function camerasIn(item: TreeItem): Camera[] {
  return item.kind === 'camera' ? [item.camera] : item.children.flatMap(camerasIn);
}
