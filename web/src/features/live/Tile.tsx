/** One window of the wall: picture, name, clock, chip, and the reason when there is no picture. */

import { CameraOutlined, CloseOutlined, CompressOutlined, ExpandOutlined, FieldTimeOutlined, MutedOutlined, SoundOutlined, ZoomOutOutlined } from '@ant-design/icons';
import { Button, Dropdown, type MenuProps } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { chooseProfile } from '@/player/support';
import type { Camera } from '@/shared/api/types';
import { useStable } from '@/shared/lib/useStable';
import { RecordNowIcon } from '@/shared/ui/RecordNow';
import { fartherBack, Replay, replayFrom, REPLAY_SECONDS, type ReplayFrom } from './Replay';
import { saveSnapshot } from './snapshot';
import { SoundNote } from './SoundNote';
import { useSounds } from './soundStore';
import { TileButton } from './TileButton';
import { TileChip } from './TileChip';
import { TileCover } from './TileCover';
import { tileState } from './tileState';
import { useLivePicture } from './useLivePicture';
import { useShownTime } from './useShownTime';
import { TILE_DRAG, useTileBox, type FrameProps } from './useTileBox';
import type { TileHandle } from './useWallKeys';
import { useZoom } from './useZoom';

export function EmptyTile(props: FrameProps) {
  const { t } = useTranslation();
  const box = useTileBox(props);
  return (
    <section {...box} data-state="empty" aria-label={t('live.tile_empty', { number: props.index + 1 })}>
      <p className="tile-hint">{t('live.drag_here')}</p>
    </section>
  );
}

interface TileProps extends FrameProps {
  camera: Camera | null;
  cameraId: string;
  /** Names this window to the sounds. */
  soundName: string;
  officer: string;
  wanted: boolean;
  profile: 'main' | 'sub';
  bind: (index: number, handle: TileHandle | null) => void;
}

const ZOOM_STEP = 1.5;

export function Tile({ camera, cameraId, soundName, officer, wanted, profile, bind, ...frame }: TileProps) {
  const { t } = useTranslation();
  const box = useTileBox(frame);
  const section = useRef<HTMLElement | null>(null);
  const view = useRef<HTMLDivElement | null>(null);
  const pause = useRef<(() => void) | null>(null);
  const [replay, setReplay] = useState<ReplayFrom | null>(null);
  const sounding = useSounds((s) => s.on.has(soundName));
  const sounds = useSounds((s) => s.acts);
  const { clock, latency, stale, onFrame, wallUs } = useShownTime(section);
  const choice = chooseProfile(camera?.profiles ?? [], profile);
  const past = useRef<number | null>(null);
  const { video, audio, status, retry } = useLivePicture({
    camera: cameraId,
    profile: camera === null ? null : choice.profile,
    wanted,
    sounding: sounding && replay === null && frame.area !== null,
    onFrame,
  });
  const zoom = useZoom(view);
  const state = tileState(camera, status.state, choice.profile !== null);
  const used = camera?.profiles.find((p) => p.name === choice.profile) ?? null;
  const name = camera?.name ?? cameraId;
  const { actions, index } = frame;

  const handle: TileHandle = {
    snapshot: () => {
      const shown = replay === null ? video.current : (view.current?.querySelector<HTMLVideoElement>('.replay video') ?? null);
      saveSnapshot(shown, { name, code: camera?.code ?? null, wallUs: replay === null ? wallUs() : past.current, officer });
    },
    replay: () => setReplay(replayFrom(fartherBack(replay))),
    live: () => setReplay(null),
    pause: () => pause.current?.(),
    sound: () => sounds.toggle(soundName),
    zoom: (by) => (by === null ? zoom.reset() : zoom.by(by > 0 ? ZOOM_STEP : 1 / ZOOM_STEP)),
    isReplaying: replay !== null,
  };
  const shown = frame.area !== null;
  useEffect(() => {
    if (shown) bind(index, handle);
  });
  useEffect(() => () => bind(index, null), [bind, index]);
  const bindPause = useStable((toggle: (() => void) | null) => {
    pause.current = toggle;
  });
  const toLive = useStable(() => setReplay(null));
  const replayItems = REPLAY_SECONDS.map((seconds) => ({
    key: `replay-${seconds}`,
    label: seconds < 60 ? t('live.replay_seconds', { count: seconds }) : t('live.replay_minutes', { count: seconds / 60 }),
    onClick: () => setReplay(replayFrom(seconds)),
  }));

  const menu: MenuProps['items'] = [
    { key: 'max', label: frame.maximised ? t('live.restore') : t('live.maximise'), onClick: actions.toggleMax },
    { key: 'snapshot', label: t('live.snapshot'), disabled: state !== 'playing', onClick: handle.snapshot },
    { key: 'replay', label: t('live.replay'), children: replayItems },
    ...(replay === null ? [] : [{ key: 'live', label: t('live.to_live'), onClick: handle.live }]),
    { key: 'sound', label: sounding ? t('live.mute') : t('live.sound'), onClick: handle.sound },
    { key: 'beside', label: t('live.sound_beside'), disabled: sounding, onClick: () => sounds.toggleBeside(soundName) },
    ...(zoom.scale > 1 ? [{ key: 'whole', label: t('live.zoom_reset'), onClick: zoom.reset }] : []),
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
        draggable={zoom.scale === 1}
        onDragStart={(event) => {
          event.dataTransfer.setData(TILE_DRAG, String(index));
          event.dataTransfer.effectAllowed = 'move';
        }}
        onDoubleClick={actions.toggleMax}
      >
        <div ref={view} className={zoom.scale > 1 ? 'tile-frame tile-zoomed' : 'tile-frame'} {...zoom.pointer}>
          <video ref={video} className={state === 'playing' ? 'tile-video' : 'tile-video tile-dim'} muted playsInline disablePictureInPicture disableRemotePlayback />
          {replay && (
            <Replay
              key={replay.fromUs}
              index={index}
              cameraId={cameraId}
              from={replay}
              onLive={toLive}
              bindPause={bindPause}
              onFrame={(us) => {
                past.current = us;
              }}
            />
          )}
        </div>
        <audio ref={audio} />
        <header className="tile-top">
          <span className="tile-name" title={name}>
            {name}
          </span>
          {sounding && <SoundOutlined className="tile-sounds" aria-label={t('live.sound')} />}
          <span className="tile-clock mono" ref={clock} />
          {camera?.recording && (
            <span className="rec" aria-label={t('live.recording')}>
              REC
            </span>
          )}
        </header>
        {replay === null && <TileCover state={state} camera={camera} status={status} lostCodec={choice.profile === null ? choice.codec : null} staleRef={stale} onRetry={retry} />}
        {sounding && replay === null && <SoundNote status={status} elsewhere={camera?.profiles.some((p) => p !== used && p.audio !== null) ?? false} />}
        <footer className="tile-bottom">
          <TileChip used={used} latency={latency} hidden={(state !== 'playing' && state !== 'stalled') || replay !== null} fallback={choice.profile !== null && choice.fallback && profile === 'main'} />
          {zoom.scale > 1 && <span className="mono">{zoom.scale.toFixed(1)}×</span>}
        </footer>
        <div className="tile-bar">
          {camera && <RecordNowIcon camera={camera} />}
          {zoom.scale > 1 && <TileButton label={`${t('live.zoom_reset')} (Z)`} icon={<ZoomOutOutlined />} run={zoom.reset} />}
          <TileButton label={`${t('live.snapshot')} (S)`} icon={<CameraOutlined />} run={handle.snapshot} disabled={state !== 'playing'} />
          <span onClick={(e) => e.stopPropagation()} onDoubleClick={(e) => e.stopPropagation()}>
            <Dropdown menu={{ items: replayItems }} trigger={['click']} placement="topRight">
              <Button type="text" size="small" tabIndex={-1} icon={<FieldTimeOutlined />} title={`${t('live.replay')} (I)`} aria-label={t('live.replay')} />
            </Dropdown>
          </span>
          <TileButton
            label={`${sounding ? t('live.mute') : t('live.sound')} (M)`}
            icon={sounding ? <SoundOutlined /> : <MutedOutlined />}
            on={sounding}
            run={(e) => (e.shiftKey ? sounds.toggleBeside(soundName) : sounds.toggle(soundName))}
          />
          <TileButton label={frame.maximised ? t('live.restore') : t('live.maximise')} icon={frame.maximised ? <CompressOutlined /> : <ExpandOutlined />} run={actions.toggleMax} />
          <TileButton label={t('live.close')} icon={<CloseOutlined />} run={actions.close} />
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
