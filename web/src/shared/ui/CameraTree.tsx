/** Regions → cameras: search, state dots, offline counts, drag out, double-click. Used by every screen that chooses cameras. */

import { Input, Popover, Tree } from 'antd';
import { memo, useMemo, useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Camera, Region } from '@/shared/api/types';
import { buildTree, camerasIn, type TreeItem } from '@/shared/lib/cameraTree';
import { matches } from '@/shared/lib/pinyin';
import { scaled } from '@/shared/lib/screen';
import { useHeight } from '@/shared/lib/useHeight';
import { Nothing } from './states';
import { StateDot } from './text';
import { Thumbnail } from './Thumbnail';

export const CAMERA_DRAG = 'application/x-vms-cameras';

const HOVER_S = 0.4;

interface Props {
  regions: readonly Region[];
  cameras: readonly Camera[];
  /** Cameras that are on the screen now; they are marked. */
  shown: ReadonlySet<string>;
  onOpen: (camera: Camera) => void;
}

interface Row {
  key: string;
  item: TreeItem;
  children?: Row[];
}

const rowsOf = (items: readonly TreeItem[]): Row[] =>
  items.map((item) => ({ key: item.key, item, ...(item.kind === 'region' ? { children: rowsOf(item.children) } : {}) }));

const regionKeys = (items: readonly TreeItem[]): string[] =>
  items.flatMap((item) => (item.kind === 'region' ? [item.key, ...regionKeys(item.children)] : []));

/** Kept as it is while its values are the same: a playback renders ten times a second beside it. */
export const CameraTree = memo(function CameraTree({ regions, cameras, shown, onOpen }: Props) {
  const { t } = useTranslation();
  const [query, setQuery] = useState('');
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [box, height] = useHeight();
  const found = useMemo(() => cameras.filter((c) => matches(query, c.name, c.code)), [cameras, query]);
  const items = useMemo(() => buildTree(regions, found), [regions, found]);
  const expanded = useMemo(() => regionKeys(items).filter((key) => query !== '' || !closed.has(key)), [items, closed, query]);
  const offline = cameras.filter((c) => c.state === 'offline').length;

  return (
    <div className="tree">
      <Input
        allowClear
        size="small"
        value={query}
        placeholder={t('tree.search')}
        aria-label={t('tree.search')}
        onChange={(e) => setQuery(e.target.value)}
      />
      <div className="tree-counts">
        <span>
          <span className="dot dot-online">●</span> {t('tree.online', { count: cameras.filter((c) => c.state === 'online').length })}
        </span>
        <span>
          <span className="dot dot-offline">✕</span> {t('tree.offline', { count: offline })}
        </span>
      </div>
      <div className="tree-body" ref={box}>
        {items.length === 0 && <Nothing text={query ? t('tree.no_match') : t('points.empty')} />}
        {items.length > 0 && height > 0 && (
          <Tree<Row>
            blockNode
            virtual
            height={height}
            itemHeight={scaled(28)}
            selectable={false}
            expandedKeys={expanded}
            onExpand={(keys) => setClosed(new Set(regionKeys(items).filter((key) => !keys.includes(key))))}
            treeData={rowsOf(items)}
            titleRender={(row) => <Title item={row.item} shown={shown} onOpen={onOpen} />}
          />
        )}
      </div>
    </div>
  );
});

function Title({ item, shown, onOpen }: { item: TreeItem; shown: ReadonlySet<string>; onOpen: (camera: Camera) => void }) {
  const { t } = useTranslation();
  const drag = (event: DragEvent) => {
    event.dataTransfer.setData(CAMERA_DRAG, JSON.stringify(camerasIn(item).map((c) => c.id)));
    event.dataTransfer.effectAllowed = 'copy';
  };
  if (item.kind === 'region') {
    return (
      <span className="tree-row" draggable onDragStart={drag}>
        <span className="tree-name">{item.name}</span>
        <span className="tree-count">
          {item.offline > 0 && <span className="tree-off">{t('tree.off_of', { count: item.offline })}</span>} {item.total}
        </span>
      </span>
    );
  }
  const { camera } = item;
  const row = (
    <span
      className={shown.has(camera.id) ? 'tree-row tree-shown' : 'tree-row'}
      draggable
      tabIndex={0}
      role="button"
      title={camera.state === 'online' ? undefined : `${camera.name} ${camera.code ?? ''}`}
      data-testid={`tree-${camera.id}`}
      onDragStart={drag}
      onDoubleClick={() => onOpen(camera)}
      onKeyDown={(e) => {
        if (e.code === 'Enter') onOpen(camera);
      }}
    >
      <StateDot camera={camera} />
      <span className="tree-name">{camera.name}</span>
      {camera.recording && <span className="rec-mini" title={t('live.recording')} />}
    </span>
  );
  if (camera.state !== 'online') return row;
  return (
    // Transparent to the pointer: a camera that is dragged out is dropped through it.
    <Popover placement="right" mouseEnterDelay={HOVER_S} destroyOnHidden styles={{ root: { pointerEvents: 'none' } }} title={camera.name} content={<Thumbnail camera={camera.id} atUs={null} />}>
      {row}
    </Popover>
  );
}

/** Camera ids of a drop, or none when something else was dropped. */
export function droppedCameras(event: DragEvent): string[] {
  try {
    const ids: unknown = JSON.parse(event.dataTransfer.getData(CAMERA_DRAG) || '[]');
    return Array.isArray(ids) ? ids.filter((id): id is string => typeof id === 'string') : [];
  } catch {
    return [];
  }
}
