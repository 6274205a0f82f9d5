/** 实时监控: tree left, wall centre. The wall is in the URL; this page only moves values of `wall.ts` about. */

import { useQuery } from '@tanstack/react-query';
import { Splitter } from 'antd';
import { useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { camerasQuery, regionsQuery } from '@/shared/api/queries';
import type { Camera } from '@/shared/api/types';
import { buildTree, camerasIn } from '@/shared/lib/cameraTree';
import { scaled } from '@/shared/lib/screen';
import { useStable } from '@/shared/lib/useStable';
import { CameraTree } from '@/shared/ui/CameraTree';
import { Failure, Loading, Nothing } from '@/shared/ui/states';
import { SavedViews } from './SavedViews';
import { useWallChange } from './useWallChange';
import { firstEmpty, firstWall, parseWall, place, shownCams, wallSearch, type LiveSearch, type Wall } from './wall';
import { useWallStore } from './wallStore';
import { WallView } from './WallView';

interface Props {
  search: LiveSearch;
  /** The wall alone, in a window of its own. */
  alone?: boolean;
  setSearch: (search: LiveSearch, replace: boolean) => void;
  openPlayback: (camera: string) => void;
  openPoint: (name: string) => void;
}

export function LivePage({ search, alone = false, setSearch, openPlayback, openPoint }: Props) {
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
  const view = <WallView {...{ wall, alone, setSearch, openPlayback, openPoint }} cameras={cameras.data} />;
  if (alone) return view;
  return (
    <Splitter className="page">
      <Splitter.Panel defaultSize={scaled(264)} min={scaled(200)} max={scaled(420)} collapsible className="side">
        <LiveTree {...{ wall, setSearch }} cameras={cameras.data} regions={regions.data ?? NO_REGIONS} />
      </Splitter.Panel>
      <Splitter.Panel className="main">
        {view}
      </Splitter.Panel>
    </Splitter>
  );
}

const NO_REGIONS: never[] = [];

type TreeProps = { wall: Wall; setSearch: Props['setSearch']; cameras: Camera[]; regions: Parameters<typeof CameraTree>[0]['regions'] };

function LiveTree({ wall, setSearch, cameras, regions }: TreeProps) {
  const shown = useMemo(() => new Set(shownCams(wall).filter((id) => id !== null)), [wall]);
  const selected = useWallStore((s) => s.tile);
  const { change } = useWallChange(wall, setSearch);
  const open = useStable((camera: Camera) => {
    const chosen = selected >= 0 && selected < wall.layout ? selected : null;
    const at = chosen ?? firstEmpty(wall) ?? 0;
    change(place(wall, at, [camera.id]));
  });
  return (
    <div className="live-side">
      <CameraTree regions={regions} cameras={cameras} shown={shown} onOpen={open} />
      <SavedViews wall={wall} change={change} />
    </div>
  );
}
