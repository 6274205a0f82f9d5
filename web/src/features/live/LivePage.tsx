/** 实时监控: tree left, wall centre. The wall is in the URL; this page only moves values of `wall.ts` about. */

import { useQuery } from '@tanstack/react-query';
import { Radio, Splitter } from 'antd';
import { useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { camerasQuery, regionsQuery } from '@/shared/api/queries';
import type { Camera } from '@/shared/api/types';
import { buildTree, camerasIn } from '@/shared/lib/cameraTree';
import { useHotkeys } from '@/shared/lib/hotkeys';
import { scaled } from '@/shared/lib/screen';
import { useStable } from '@/shared/lib/useStable';
import { CameraTree } from '@/shared/ui/CameraTree';
import { Failure, Loading, Nothing } from '@/shared/ui/states';
import { saveSnapshot } from './snapshot';
import { EmptyTile, Tile, type TileActions } from './Tile';
import { clear, firstEmpty, firstWall, LAYOUTS, parseWall, place, swap, tileKeys, wallSearch, wantedProfile, withLayout, type Layout, type LiveSearch, type Wall } from './wall';
import { useSelection } from './wallStore';

interface Props {
  search: LiveSearch;
  setSearch: (search: LiveSearch, replace: boolean) => void;
  openPlayback: (camera: string) => void;
  openPoint: (name: string) => void;
}

export function LivePage({ search, setSearch, openPlayback, openPoint }: Props) {
  const { t } = useTranslation();
  const cameras = useQuery(camerasQuery());
  const regions = useQuery(regionsQuery());
  const asked = useMemo(() => parseWall(search), [search]);
  const first = useMemo(() => {
    if (asked || !cameras.data || regions.isPending) return null;
    return firstWall(buildTree(regions.data ?? [], cameras.data).flatMap(camerasIn).map((c) => c.id));
  }, [asked, cameras.data, regions.data, regions.isPending]);
  useEffect(() => {
    if (first && first.cams.some((id) => id !== null)) setSearch(wallSearch(first), true);
  }, [first, setSearch]);
  const wall = asked ?? first;

  if (cameras.isError && !cameras.data) return <Failure error={cameras.error} retry={() => void cameras.refetch()} />;
  if (!cameras.data || !wall) return <Loading rows={12} />;
  if (cameras.data.length === 0) return <Nothing text={t('live.no_cameras')} />;
  return (
    <Splitter className="page">
      <Splitter.Panel defaultSize={scaled(264)} min={scaled(200)} max={scaled(420)} collapsible className="side">
        <LiveTree {...{ wall, setSearch }} cameras={cameras.data} regions={regions.data ?? NO_REGIONS} />
      </Splitter.Panel>
      <Splitter.Panel className="main">
        <WallView {...{ wall, setSearch, openPlayback, openPoint }} cameras={cameras.data} />
      </Splitter.Panel>
    </Splitter>
  );
}

const NO_REGIONS: never[] = [];

type TreeProps = { wall: Wall; setSearch: Props['setSearch']; cameras: Camera[]; regions: Parameters<typeof CameraTree>[0]['regions'] };

function LiveTree({ wall, setSearch, cameras, regions }: TreeProps) {
  const shown = useMemo(() => new Set(wall.cams.filter((id) => id !== null)), [wall]);
  const selected = useSelection((s) => s.tile);
  const open = useStable((camera: Camera) => {
    const chosen = selected >= 0 && selected < wall.layout ? selected : null;
    const at = chosen ?? firstEmpty(wall) ?? 0;
    setSearch(wallSearch(place(wall, at, [camera.id])), false);
  });
  return <CameraTree regions={regions} cameras={cameras} shown={shown} onOpen={open} />;
}

function WallView({ wall, cameras, setSearch, openPlayback, openPoint }: Omit<Props, 'search'> & { wall: Wall; cameras: Camera[] }) {
  const { t } = useTranslation();
  const selected = useSelection((s) => s.tile);
  const select = useSelection((s) => s.select);
  const box = useRef<HTMLDivElement | null>(null);
  const byId = useMemo(() => new Map(cameras.map((c) => [c.id, c])), [cameras]);
  const keys = tileKeys(wall.cams);
  const change = (next: Wall) => setSearch(wallSearch(next), false);
  const toggleMax = (index: number) => change({ ...wall, max: wall.max === index ? null : index });
  const actionsOf = (index: number, id: string | null): TileActions => ({
    select: () => select(index),
    toggleMax: () => toggleMax(index),
    close: () => change(clear(wall, index)),
    closeAll: () => change({ ...wall, cams: wall.cams.map(() => null), max: null }),
    playback: () => id !== null && openPlayback(id),
    point: () => id !== null && openPoint(byId.get(id)?.name ?? id),
    dropCameras: (ids) => change(place(wall, index, ids)),
    dropTile: (from) => change(swap(wall, from, index)),
  });
  const chosenId = wall.cams[selected] ?? null;

  useHotkeys('live', t('nav.live'), [
    ...LAYOUTS.map((layout, i) => ({ keys: `Alt+Digit${i + 1}`, text: t('live.keys.layout'), run: () => change(withLayout(wall, layout)) })),
    { keys: 'KeyF', text: t('live.keys.maximise'), run: () => chosenId !== null && toggleMax(selected) },
    { keys: 'Escape', text: t('live.keys.restore'), run: () => (wall.max === null ? select(-1) : change({ ...wall, max: null })) },
    { keys: 'KeyS', text: t('live.snapshot'), run: () => snapshotOf(box.current, selected, byId.get(chosenId ?? '')?.name ?? '') },
    { keys: 'KeyI', text: t('live.playback_now'), run: () => chosenId !== null && openPlayback(chosenId) },
    { keys: 'Delete', text: t('live.close'), run: () => chosenId !== null && change(clear(wall, selected)) },
    ...ARROWS.map(({ code, by }) => ({ keys: code, text: t('live.keys.move'), run: () => select(moved(selected, by, wall.layout)) })),
  ]);

  return (
    <div className="wall-box">
      <div className="toolbar">
        <Radio.Group
          size="small"
          optionType="button"
          value={wall.layout}
          aria-label={t('live.layout')}
          options={LAYOUTS.map((n) => ({ value: n, label: t('live.tiles', { count: n }) }))}
          onChange={(e) => change(withLayout(wall, e.target.value as Layout))}
        />
        <span className="spacer" />
        <span className="secondary small">{t('live.wall_hint')}</span>
      </div>
      <div ref={box} className={wall.max === null ? 'wall' : 'wall wall-one'} data-testid="wall" style={{ '--side': Math.sqrt(wall.layout) } as React.CSSProperties}>
        {wall.cams.map((id, index) => {
          const frame = { index, selected: index === selected, maximised: wall.max === index, actions: actionsOf(index, id) };
          if (id === null) return <EmptyTile key={keys[index]} {...frame} />;
          return (
            <Tile key={keys[index]} {...frame} camera={byId.get(id) ?? null} cameraId={id} profile={wantedProfile(wall, index)} wanted={wall.max === null || wall.max === index} />
          );
        })}
      </div>
    </div>
  );
}

const ARROWS = [
  { code: 'ArrowLeft', by: [-1, 0] },
  { code: 'ArrowRight', by: [1, 0] },
  { code: 'ArrowUp', by: [0, -1] },
  { code: 'ArrowDown', by: [0, 1] },
] as const;

function moved(from: number, by: readonly [number, number], layout: Layout): number {
  if (from < 0) return 0;
  const side = Math.sqrt(layout);
  const x = Math.min(side - 1, Math.max(0, (from % side) + by[0]));
  const y = Math.min(side - 1, Math.max(0, Math.floor(from / side) + by[1]));
  return y * side + x;
}

function snapshotOf(box: HTMLElement | null, tile: number, name: string): void {
  const section = box?.querySelector<HTMLElement>(`[data-testid="tile-${tile}"]`);
  const wall = section?.dataset['wallUs'];
  saveSnapshot(section?.querySelector('video') ?? null, name, wall === undefined ? null : Number(wall));
}
