/** One window of the wall: picture, name, clock, chip, and the reason when there is no picture. */

import { CloseOutlined, CompressOutlined, ExpandOutlined, CameraOutlined, HistoryOutlined } from '@ant-design/icons';
import { Button, Dropdown, Tooltip, type MenuProps } from 'antd';
import { useCallback, useEffect, useRef, type DragEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { chooseProfile } from '@/player/support';
import type { Camera } from '@/shared/api/types';
import { codecName } from '@/shared/lib/causes';
import { nowUs } from '@/shared/lib/clock';
import { clockText } from '@/shared/lib/time';
import { CAMERA_DRAG, droppedCameras } from '@/shared/ui/CameraTree';
import { RecordNowIcon } from '@/shared/ui/RecordNow';
import { saveSnapshot } from './snapshot';
import { TileCover } from './TileCover';
import { tileState } from './tileState';
import { useLivePicture } from './useLivePicture';

export const TILE_DRAG = 'application/x-vms-tile';
const LATE_MS = 2_000;
const VERY_LATE_MS = 5_000;
const FRAME_ATTRIBUTE_MS = 100;

export interface TileActions {
  select: () => void;
  toggleMax: () => void;
  close: () => void;
  closeAll: () => void;
  playback: () => void;
  point: () => void;
  dropCameras: (ids: string[]) => void;
  dropTile: (from: number) => void;
}

interface FrameProps {
  index: number;
  selected: boolean;
  maximised: boolean;
  actions: TileActions;
}

/** What every window takes: drops, clicks, selection. */
function useTileBox({ index, selected, maximised, actions }: FrameProps) {
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    const tile = event.dataTransfer.getData(TILE_DRAG);
    if (tile !== '') actions.dropTile(Number(tile));
    else {
      const ids = droppedCameras(event);
      if (ids.length > 0) actions.dropCameras(ids);
    }
  };
  const onDragOver = (event: DragEvent) => {
    if (event.dataTransfer.types.includes(CAMERA_DRAG) || event.dataTransfer.types.includes(TILE_DRAG)) event.preventDefault();
  };
  return {
    'data-testid': `tile-${index}`,
    className: ['tile', selected ? 'tile-selected' : '', maximised ? 'tile-max' : ''].join(' '),
    role: 'group',
    tabIndex: 0,
    onDrop,
    onDragOver,
    onClick: actions.select,
    onFocus: actions.select,
  };
}

export function EmptyTile(props: FrameProps) {
  const { t } = useTranslation();
  const box = useTileBox(props);
  return (
    <section {...box} data-state="empty" aria-label={t('live.tile_empty', { number: props.index + 1 })}>
      <p className="tile-hint">{t('live.drag_here')}</p>
    </section>
  );
}

export function Tile({ camera, cameraId, wanted, profile, ...frame }: FrameProps & { camera: Camera | null; cameraId: string; wanted: boolean; profile: 'main' | 'sub' }) {
  const { t } = useTranslation();
  const box = useTileBox(frame);
  const section = useRef<HTMLElement | null>(null);
  const { clock, latency, stale, onFrame, wallUs } = useShownTime(section);
  const choice = chooseProfile(camera?.profiles ?? [], profile);
  const { video, status, retry } = useLivePicture({ camera: cameraId, profile: camera === null ? null : choice.profile, wanted, onFrame });
  const state = tileState(camera, status.state, choice.profile !== null);
  const used = camera?.profiles.find((p) => p.name === choice.profile) ?? null;
  const name = camera?.name ?? cameraId;
  const { actions } = frame;

  const menu: MenuProps['items'] = [
    { key: 'max', label: frame.maximised ? t('live.restore') : t('live.maximise'), onClick: actions.toggleMax },
    { key: 'snapshot', label: t('live.snapshot'), disabled: state !== 'playing', onClick: () => saveSnapshot(video.current, name, wallUs()) },
    { key: 'playback', label: t('live.playback_now'), onClick: actions.playback },
    { key: 'point', label: t('live.to_point'), onClick: actions.point },
    { type: 'divider' },
    { key: 'close', label: t('live.close'), onClick: actions.close },
    { key: 'all', label: t('live.close_all'), onClick: actions.closeAll },
  ];

  return (
    <Dropdown menu={{ items: menu }} trigger={['contextMenu']}>
      <section
        {...box}
        ref={section}
        data-camera={cameraId}
        data-state={state}
        aria-label={t('live.tile_label', { name, state: t(STATE_LABEL[state]) })}
        draggable
        onDragStart={(event) => {
          event.dataTransfer.setData(TILE_DRAG, String(frame.index));
          event.dataTransfer.effectAllowed = 'move';
        }}
        onDoubleClick={actions.toggleMax}
      >
        <video ref={video} className={state === 'playing' ? 'tile-video' : 'tile-video tile-dim'} muted playsInline disablePictureInPicture disableRemotePlayback />
        <header className="tile-top">
          <span className="tile-name" title={name}>
            {name}
          </span>
          <span className="tile-clock mono" ref={clock} />
          {camera?.recording && (
            <span className="rec" aria-label={t('live.recording')}>
              REC
            </span>
          )}
        </header>
        <TileCover state={state} camera={camera} status={status} lostCodec={choice.profile === null ? choice.codec : null} staleRef={stale} onRetry={retry} />
        <footer className="tile-bottom">
          <span className="chip mono" hidden={state !== 'playing' && state !== 'stalled'}>
            {used?.codec && (
              <>
                {codecName(used.codec)} {used.width && used.height ? `${used.width}×${used.height}` : ''} {used.fps ? `${Math.round(used.fps)}fps` : ''}{' '}
              </>
            )}
            MSE <span ref={latency} className="latency" data-testid="latency" />
            {choice.profile !== null && choice.fallback && profile === 'main' && <em title={t('live.fallback_hint')}>{t('live.fallback')}</em>}
          </span>
        </footer>
        <div className="tile-bar">
          {camera && <RecordNowIcon camera={camera} />}
          <Act label={t('live.snapshot')} icon={<CameraOutlined />} run={() => saveSnapshot(video.current, name, wallUs())} disabled={state !== 'playing'} />
          <Act label={t('live.playback_now')} icon={<HistoryOutlined />} run={actions.playback} />
          <Act label={frame.maximised ? t('live.restore') : t('live.maximise')} icon={frame.maximised ? <CompressOutlined /> : <ExpandOutlined />} run={actions.toggleMax} />
          <Act label={t('live.close')} icon={<CloseOutlined />} run={actions.close} />
        </div>
      </section>
    </Dropdown>
  );
}

const STATE_LABEL = {
  playing: 'live.state.playing',
  connecting: 'live.state.connecting',
  offline: 'live.state.offline',
  unsupported: 'live.state.unsupported',
  stalled: 'live.state.stalled',
} as const;

function Act({ label, icon, run, disabled = false }: { label: string; icon: ReactNode; run: () => void; disabled?: boolean }) {
  return (
    <Tooltip title={label} mouseEnterDelay={0.6}>
      <Button
        type="text"
        size="small"
        icon={icon}
        aria-label={label}
        disabled={disabled}
        onDoubleClick={(e) => e.stopPropagation()}
        onClick={(e) => {
          e.stopPropagation();
          run();
        }}
      />
    </Tooltip>
  );
}

/** Time of the shown frame, written past React: sixteen tiles at 25 frames a second are not a matter of state. */
function useShownTime(section: React.RefObject<HTMLElement | null>) {
  const clock = useRef<HTMLSpanElement | null>(null);
  const latency = useRef<HTMLSpanElement | null>(null);
  const stale = useRef<HTMLSpanElement | null>(null);
  const wall = useRef<number | null>(null);
  const writtenAt = useRef(0);
  const onFrame = useCallback(
    (wallUs: number) => {
      wall.current = wallUs;
      const now = performance.now();
      if (now - writtenAt.current < FRAME_ATTRIBUTE_MS) return;
      writtenAt.current = now;
      section.current?.setAttribute('data-wall-us', String(wallUs));
      write(clock.current, clockText(wallUs));
    },
    [section],
  );
  useEffect(() => {
    const timer = setInterval(() => {
      if (wall.current === null) return;
      const ms = Math.max(0, (nowUs() - wall.current) / 1000);
      write(stale.current, (ms / 1000).toFixed(0));
      if (!latency.current) return;
      write(latency.current, ms < 10_000 ? `${(ms / 1000).toFixed(1)}s` : '');
      latency.current.dataset['level'] = ms > VERY_LATE_MS ? 'bad' : ms > LATE_MS ? 'late' : 'good';
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  return { clock, latency, stale, onFrame, wallUs: () => wall.current };
}

function write(element: HTMLElement | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}
