/** The windows of the wall with their bar: layout, pages, undo, full screen. */

import { CaretRightOutlined, CompressOutlined, ExportOutlined, FullscreenOutlined, LeftOutlined, PauseOutlined, RightOutlined, StopOutlined, UndoOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { meQuery } from '@/shared/api/queries';
import type { Camera } from '@/shared/api/types';
import { useStable } from '@/shared/lib/useStable';
import { BarButton } from './BarButton';
import { camerasByNumber } from './cameraNumber';
import { LayoutPicker } from './LayoutPicker';
import { GEOMETRY } from './layouts';
import { EmptyTile, Tile } from './Tile';
import { useFullScreen } from './useFullScreen';
import { openWindow } from './openWindow';
import { useNumberEntry } from './useNumberEntry';
import { useTour, type TourView } from './useTour';
import { useWallChange } from './useWallChange';
import type { TileActions } from './useTileBox';
import { useWallKeys, type TileHandle } from './useWallKeys';
import { clear, cleared, nextPage, nextTiles, pagesOf, place, shownCams, swap, tileKeys, turned, wallSearch, wantedProfile, withLayout, type LiveSearch, type Wall } from './wall';
import { useWallStore } from './wallStore';

interface Props {
  wall: Wall;
  alone: boolean;
  cameras: Camera[];
  setSearch: (search: LiveSearch, replace: boolean) => void;
  openPlayback: (camera: string) => void;
  openPoint: (name: string) => void;
}

export function WallView({ wall, alone, cameras, setSearch, openPlayback, openPoint }: Props) {
  const { t } = useTranslation();
  const selected = useWallStore((s) => s.tile);
  const select = useWallStore((s) => s.select);
  const handles = useRef(new Map<number, TileHandle>());
  const full = useFullScreen();
  const entry = useNumberEntry();
  const { change, undo } = useWallChange(wall, setSearch);
  const byId = useMemo(() => new Map(cameras.map((c) => [c.id, c])), [cameras]);
  const officer = useQuery(meQuery()).data?.name ?? '';
  const turn = useStable((next: Wall) => setSearch(wallSearch(next), true));
  const bind = useStable((index: number, handle: TileHandle | null) => {
    if (handle) handles.current.set(index, handle);
    else handles.current.delete(index);
  });
  const tour = useTour(wall, turn);
  const { left, paused, toggle } = tour;
  useWallKeys({ wall, pauseTour: tour.on ? tour.toggle : null, cameras, selected, select, entry, change, undo, turn, playback: openPlayback, fullScreen: full.toggle, handle: (tile) => handles.current.get(tile) });

  const toggleMax = (index: number) => change({ ...wall, max: wall.max === index ? null : index });
  const actionsOf = (index: number, id: string | null): TileActions => ({
    select: () => select(index),
    toggleMax: () => toggleMax(index),
    close: () => change(clear(wall, index)),
    closeAll: () => change(cleared(wall)),
    playback: () => id !== null && openPlayback(id),
    point: () => id !== null && openPoint(byId.get(id)?.name ?? id),
    dropCameras: (ids) => change(place(wall, index, ids)),
    dropTile: (from) => change(swap(wall, from, index)),
  });
  const cams = shownCams(wall);
  const coming = tour.ready ? nextTiles(wall) : [];
  const keys = tileKeys([...cams, ...coming.map((tile) => tile.id)]);
  const { side, places } = GEOMETRY[wall.layout];
  const common = { bind, officer };
  const shownTile = (id: string | null, index: number) => {
    const at = places[index]!;
    const area = `${at.y + 1} / ${at.x + 1} / span ${at.span} / span ${at.span}`;
    const key = keys[index]!;
    const frame = { index, area, selected: index === selected, maximised: wall.max === index, actions: actionsOf(index, id) };
    if (id === null) return <EmptyTile key={key} {...frame} />;
    const wanted = wall.max === null || wall.max === index;
    return <Tile key={key} {...frame} {...common} soundName={key} camera={byId.get(id) ?? null} cameraId={id} profile={wantedProfile(wall, index)} wanted={wanted} />;
  };
  const comingTile = ({ id, tile }: { id: string; tile: number }, i: number) => {
    const key = keys[cams.length + i]!;
    const frame = { index: tile, area: null, selected: false, maximised: false, actions: actionsOf(tile, id) };
    const profile = wantedProfile({ ...wall, page: nextPage(wall), max: null }, tile);
    return <Tile key={key} {...frame} {...common} soundName={key} camera={byId.get(id) ?? null} cameraId={id} profile={profile} wanted />;
  };

  return (
    <div className="wall-box">
      <div className="toolbar">
        <LayoutPicker value={wall.layout} onChange={(layout) => change(withLayout(wall, layout))} />
        <Pages wall={wall} turn={turn} />
        {tour.on && <TourBar {...{ left, paused, toggle }} stop={() => change({ ...wall, dwell: null })} />}
        <span className="spacer" />
        <span className="secondary small wall-hint">{t('live.wall_hint')}</span>
        <BarButton label={t('live.undo')} keys="Control+KeyZ" icon={<UndoOutlined />} run={() => undo?.()} disabled={undo === null} />
        {!alone && <BarButton label={t('live.own_window')} icon={<ExportOutlined />} run={() => openWindow(wall)} disabled={cams.every((id) => id === null)} />}
        <BarButton label={t('live.full_screen')} keys="KeyF" icon={full.on ? <CompressOutlined /> : <FullscreenOutlined />} run={full.toggle} />
      </div>
      <div className={wall.max === null ? 'wall' : 'wall wall-one'} data-testid="wall" onPointerMove={tour.onPointerMove} style={{ '--side': side } as React.CSSProperties}>
        {/* One list: a tile that got ready keeps its player when its page is shown. */}
        {[...cams.map(shownTile), ...coming.map(comingTile)]}
        {entry.digits !== '' && <NumberBox digits={entry.digits} cameras={cameras} />}
      </div>
    </div>
  );
}

function Pages({ wall, turn }: { wall: Wall; turn: (wall: Wall) => void }) {
  const { t } = useTranslation();
  const pages = pagesOf(wall);
  if (pages === 1) return null;
  return (
    <span className="pages">
      <BarButton label={t('live.page_back')} keys="PageUp" icon={<LeftOutlined />} run={() => turn(turned(wall, -1))} />
      <span className="mono small" data-testid="page">
        {t('live.page', { page: wall.page + 1, pages })}
      </span>
      <BarButton label={t('live.page_on')} keys="PageDown" icon={<RightOutlined />} run={() => turn(turned(wall, 1))} />
    </span>
  );
}

function TourBar({ left, paused, toggle, stop }: Pick<TourView, 'left' | 'paused' | 'toggle'> & { stop: () => void }) {
  const { t } = useTranslation();
  return (
    <span className="pages tour" data-testid="tour">
      <b className="small">{t('views.tour')}</b>
      <span className="mono small tour-left" ref={left} />
      <BarButton label={paused ? t('live.tour_on') : t('live.tour_pause')} keys="Space" icon={paused ? <CaretRightOutlined /> : <PauseOutlined />} run={toggle} />
      <BarButton label={t('live.tour_stop')} icon={<StopOutlined />} run={stop} />
    </span>
  );
}

function NumberBox({ digits, cameras }: { digits: string; cameras: readonly Camera[] }) {
  const { t } = useTranslation();
  const found = camerasByNumber(cameras, digits);
  return (
    <div className="number-box" role="status">
      <b className="mono">{digits}</b>
      <span>{found.length === 1 ? found[0]!.name : t(found.length === 0 ? 'live.number_none' : 'live.number_many', { count: found.length })}</span>
    </div>
  );
}
