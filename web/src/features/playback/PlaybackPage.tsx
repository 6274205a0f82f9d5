/** 录像回放: tree left, 1 to 4 cameras in step, transport, timeline, calendar right. Cameras and time are in the URL. */

import { useQueries, useQuery } from '@tanstack/react-query';
import { App, Button, Splitter } from 'antd';
import { memo, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { camerasQuery, regionsQuery } from '@/shared/api/queries';
import type { Camera } from '@/shared/api/types';
import { gapText } from '@/shared/lib/causes';
import { nowUs, useNow } from '@/shared/lib/clock';
import { useHotkeys } from '@/shared/lib/hotkeys';
import { clockText, clockMsText, dateText, dateTimeMsText, dayEndUs, DAY_US, SECOND_US } from '@/shared/lib/time';
import { scaled } from '@/shared/lib/screen';
import { offsetUs } from '@/shared/lib/zone';
import { useStable } from '@/shared/lib/useStable';
import { CameraTree, droppedCameras } from '@/shared/ui/CameraTree';
import { Failure, Loading, Nothing } from '@/shared/ui/states';
import { Thumbnail } from '@/shared/ui/Thumbnail';
import { Timeline } from '@/timeline/Timeline';
import type { Track } from '@/timeline/draw';
import { clampView, keepInView, viewAround, windowsFor, zoom, type View } from '@/timeline/math';
import { PastTile } from './PastTile';
import { clipPath, coverageQuery } from './queries';
import { RecordingCalendar } from './RecordingCalendar';
import { camerasOf, MOST_CAMERAS, nextSpeed, timeOf, toggled, type PlaybackSearch } from './search';
import { Transport } from './Transport';
import { usePastGroup } from './usePastGroup';

interface Props {
  search: PlaybackSearch;
  setSearch: (search: PlaybackSearch, replace: boolean) => void;
  /** Ask for a hold of this span. */
  hold: (wanted: { cameras: string[]; fromUs: number; toUs: number }) => void;
}

const START_BACK_US = 60 * SECOND_US;
const LIVE_BACK_US = 5 * SECOND_US;
const FIRST_SPAN_US = 1800 * SECOND_US;
const URL_AFTER_MS = 400;

export function PlaybackPage({ search, setSearch, hold }: Props) {
  const { t } = useTranslation();
  const cameras = useQuery(camerasQuery());
  const regions = useQuery(regionsQuery());
  const { cams } = search;
  const chosen = useMemo(() => camerasOf(cams === undefined ? {} : { cams }), [cams]);
  const shown = useMemo(() => new Set(chosen), [chosen]);
  const choose = useStable((ids: readonly string[]) => setSearch({ ...search, cams: ids.join(',') }, false));
  const toggle = useStable((camera: Camera) => choose(toggled(chosen, camera.id)));
  if (cameras.isError && !cameras.data) return <Failure error={cameras.error} retry={() => void cameras.refetch()} />;
  if (!cameras.data) return <Loading rows={12} />;
  if (cameras.data.length === 0) return <Nothing text={t('live.no_cameras')} />;
  return (
    <Splitter className="page">
      <Splitter.Panel defaultSize={scaled(264)} min={scaled(200)} max={scaled(420)} collapsible className="side">
        <CameraTree regions={regions.data ?? NO_REGIONS} cameras={cameras.data} shown={shown} onOpen={toggle} />
      </Splitter.Panel>
      <Splitter.Panel className="main">
        <div
          className="play-box"
          onDragOver={(e) => e.preventDefault()}
          onDrop={(e) => {
            e.preventDefault();
            const ids = droppedCameras(e).filter((id) => !chosen.includes(id));
            if (ids.length > 0) choose([...chosen, ...ids].slice(0, MOST_CAMERAS));
          }}
        >
          {chosen.length === 0 ? <Nothing text={t('playback.choose')} /> : <Desk {...{ search, setSearch, hold, chosen, choose }} cameras={cameras.data} />}
        </div>
      </Splitter.Panel>
    </Splitter>
  );
}

type DeskProps = Props & { chosen: readonly string[]; choose: (ids: readonly string[]) => void; cameras: readonly Camera[] };

function Desk({ search, setSearch, hold, chosen, choose, cameras }: DeskProps) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const asked = timeOf(search);
  const { group, state, wallUs, jump } = usePastGroup(asked ?? nowUs() - START_BACK_US);
  const now = useNow(1000);
  const [view, setView] = useState<View>(() => clampView(viewAround(asked ?? nowUs(), FIRST_SPAN_US), nowUs()));
  const [selection, setSelection] = useState<View | null>(null);
  const names = useMemo(() => new Map(cameras.map((c) => [c.id, c])), [cameras]);
  const named = useMemo(() => chosen.map((id) => ({ id, name: names.get(id)?.name ?? id })), [chosen, names]);
  const tracks = useTracks(chosen, view, names);
  const [seenWall, setSeenWall] = useState(wallUs);
  if (seenWall !== wallUs) {
    // A running head turns the page; a head that the officer scrolled away from stays away.
    setSeenWall(wallUs);
    if (seenWall <= view.toUs && wallUs > view.toUs) setView(keepInView(view, wallUs));
  }

  const writeUrl = useUrlLater(useStable((at: number) => setSearch({ ...search, t: String(at) }, true)));
  const seek = useStable((us: number) => {
    const at = Math.round(Math.min(us, nowUs() - SECOND_US));
    group.seek(at);
    writeUrl(at);
  });
  const go = (us: number) => {
    seek(us);
    setView((v) => keepInView(v, us));
  };
  useEffect(() => {
    if (!jump) return;
    void message.info(t('playback.jumped', { from: clockText(jump.fromUs), to: clockText(jump.toUs), cause: t(gapText(jump.cause)) }));
  }, [jump, message, t]);

  const toggle = useStable(() => {
    if (state.playing) {
      group.pause();
      writeUrl(Math.round(group.wallUs));
    } else group.play();
  });
  const skip = useStable((seconds: number) => go(group.wallUs + seconds * SECOND_US));
  const toLive = useStable(() => go(nowUs() - LIVE_BACK_US));
  const actions = useMemo(
    () => ({ toggle, skip, toLive, step: (by: 1 | -1) => group.step(by), speed: (speed: number) => group.setSpeed(speed) }),
    [toggle, skip, toLive, group],
  );
  const onDay = useStable((us: number) => goDay(us));
  const close = useStable((id: string) => choose(chosen.filter((c) => c !== id)));
  const clear = useCallback(() => setSelection(null), []);
  const mark = useStable((edge: 'fromUs' | 'toUs') => {
    const at = group.wallUs;
    setSelection((s) => {
      const other = edge === 'fromUs' ? (s?.toUs ?? at) : (s?.fromUs ?? at);
      const [fromUs, toUs] = edge === 'fromUs' ? [at, Math.max(at, other)] : [Math.min(at, other), at];
      return { fromUs, toUs };
    });
  });
  useHotkeys('playback', t('nav.playback'), [
    { keys: 'Space', text: t('playback.keys.toggle'), run: actions.toggle },
    { keys: 'Comma', text: t('playback.frame_back'), run: () => actions.step(-1) },
    { keys: 'Period', text: t('playback.frame_on'), run: () => actions.step(1) },
    { keys: 'ArrowLeft', text: t('playback.back10'), run: () => actions.skip(-10) },
    { keys: 'ArrowRight', text: t('playback.on10'), run: () => actions.skip(10) },
    { keys: 'ArrowUp', text: t('playback.keys.one_second'), run: () => actions.skip(1) },
    { keys: 'ArrowDown', text: t('playback.keys.one_second'), run: () => actions.skip(-1) },
    { keys: 'Control+ArrowLeft', text: t('playback.keys.slower'), run: () => actions.speed(nextSpeed(state.speed, -1)) },
    { keys: 'Control+ArrowRight', text: t('playback.keys.faster'), run: () => actions.speed(nextSpeed(state.speed, 1)) },
    { keys: 'BracketLeft', text: t('playback.mark_in'), run: () => mark('fromUs') },
    { keys: 'BracketRight', text: t('playback.mark_out'), run: () => mark('toUs') },
    { keys: 'Escape', text: t('playback.keys.clear'), run: clear },
    { keys: 'KeyL', text: t('playback.to_live'), run: actions.toLive },
    { keys: 'Equal', text: t('playback.keys.zoom'), run: () => setView((v) => clampView(zoom(v, wallUs, 1), nowUs())) },
    { keys: 'Minus', text: t('playback.keys.zoom'), run: () => setView((v) => clampView(zoom(v, wallUs, -1), nowUs())) },
    { keys: 'Home', text: t('playback.keys.day'), run: () => setView(clampView(viewAround(wallUs, DAY_US), nowUs())) },
  ]);

  const describe = (us: number, track: Track | null): string => {
    const time = dateTimeMsText(us);
    if (!track) return time;
    const gap = track.gaps.find((g) => us >= g.fromUs && us < g.toUs);
    if (gap) return `${time}  ${track.name}  ${t('playback.gap', { cause: t(gapText(gap.cause)) })}`;
    const event = track.events.find((e) => us >= e.fromUs && us < e.toUs);
    if (event) return `${time}  ${track.name}  ${t('playback.event', { reason: event.kind })}`;
    const run = track.recorded.find((r) => us >= r.fromUs && us < r.toUs);
    const word = run?.kind === 'held' ? `  ${t('playback.held')}` : run?.kind === 'edge' ? `  ${t('playback.edge')}` : '';
    return run ? `${time}  ${track.name}${word}` : time;
  };

  return (
    <>
      <div className="play-main">
        <div className="wall" style={{ '--side': chosen.length > 1 ? 2 : 1, '--rows': chosen.length > 2 ? 2 : 1 } as React.CSSProperties}>
          {chosen.map((id, i) => (
              <PastTile
                key={id}
                index={i}
                cameraId={id}
                camera={names.get(id) ?? null}
                group={group}
                onClose={chosen.length > 1 ? close : null}
              />
            ))}
        </div>
        <aside className="play-side">
          <RecordingCalendar camera={chosen[0]!} day={dateText(wallUs)} onDay={onDay} />
          <ClipPanel selection={selection} cameras={named} mark={mark} clear={clear} hold={hold} />
        </aside>
      </div>
      <Transport state={state} wallUs={wallUs} actions={actions}>
        <span className="secondary small">{state.atEnd ? t('playback.end') : t('playback.hint')}</span>
      </Transport>
      <Timeline
        view={view}
        tracks={tracks}
        headUs={wallUs}
        nowUs={now}
        selection={selection}
        offsetUs={offsetUs}
        label={labelOf}
        ariaLabel={t('playback.timeline')}
        valueText={`${dateTimeMsText(wallUs)} ${names.get(chosen[0] ?? '')?.name ?? ''}`}
        describe={describe}
        picture={(us, track) => pictureAt(us, track ?? (tracks.length === 1 ? (tracks[0] ?? null) : null), now)}
        onView={setView}
        onSeek={seek}
        onScrub={(us, done) => {
          if (done) seek(us);
          else group.seek(Math.round(us));
        }}
        onSelect={setSelection}
      />
    </>
  );

  /** The first picture of that day, and the whole day on the timeline. */
  function goDay(dayUs: number): void {
    const endUs = dayEndUs(dayUs);
    setView(clampView({ fromUs: dayUs, toUs: endUs }, nowUs()));
    const first = nowUs() < endUs ? Math.min(dayUs + DAY_US / 2, nowUs() - START_BACK_US) : dayUs;
    seek(first);
  }
}

const NO_REGIONS: never[] = [];

/** Only of what is recorded; the last seconds are still being written. */
function pictureAt(us: number, track: Track | null, now: number) {
  const known = track !== null && us < now - LIVE_BACK_US && track.recorded.some((r) => us >= r.fromUs && us < r.toUs);
  return known ? <Thumbnail camera={track.id} atUs={Math.round(us)} /> : null;
}

/** The address follows a moment later: a seek is for the picture, and the whole page renders on a change of address. */
function useUrlLater(write: (at: number) => void): (at: number) => void {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useStable((at: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => write(at), URL_AFTER_MS);
  });
}

const ClipPanel = memo(function ClipPanel({ selection, cameras, mark, clear, hold }: { selection: View | null; cameras: { id: string; name: string }[]; mark: (edge: 'fromUs' | 'toUs') => void; clear: () => void; hold: Props['hold'] }) {
  const { t } = useTranslation();
  const usable = selection !== null && selection.toUs - selection.fromUs >= SECOND_US / 10;
  return (
    <section className="clip" aria-label={t('playback.clip')}>
      <h4>{t('playback.clip')}</h4>
      <div className="clip-marks">
        <Button size="small" onClick={() => mark('fromUs')} title="[">
          {t('playback.mark_in')} [
        </Button>
        <Button size="small" onClick={() => mark('toUs')} title="]">
          {t('playback.mark_out')} ]
        </Button>
        {selection && (
          <Button size="small" type="text" onClick={clear}>
            {t('playback.clear')}
          </Button>
        )}
      </div>
      {selection && (
        <p className="mono small">
          {dateText(selection.fromUs)} {clockMsText(selection.fromUs)} – {clockMsText(selection.toUs)}
          <br />
          {t('playback.length', { seconds: ((selection.toUs - selection.fromUs) / SECOND_US).toFixed(1) })}
        </p>
      )}
      {!usable && <p className="secondary small">{t('playback.clip_how')}</p>}
      {usable &&
        cameras.map(({ id, name }) => (
          <p key={id} className="clip-row">
            <span className="tree-name" title={name}>
              {name}
            </span>
            <a href={clipPath(id, selection.fromUs, selection.toUs, false)} download data-testid="clip-mp4">
              MP4
            </a>
            <a href={clipPath(id, selection.fromUs, selection.toUs, true)} download>
              {t('playback.original')}
            </a>
          </p>
        ))}
      {usable && (
        <Button size="small" onClick={() => hold({ cameras: cameras.map((c) => c.id), fromUs: selection.fromUs, toUs: selection.toUs })}>
          {t('holds.from_selection')}
        </Button>
      )}
    </section>
  );
});

function useTracks(chosen: readonly string[], view: View, names: ReadonlyMap<string, Camera>): Track[] {
  const { sizeUs, indexes } = windowsFor(view);
  const asked = chosen.flatMap((camera) => indexes.map((index) => ({ camera, index })));
  return useQueries({
    queries: asked.map(({ camera, index }) => coverageQuery(camera, sizeUs, index)),
    combine: (results) =>
      chosen.map((id) => {
        const parts = results.filter((_r, i) => asked[i]?.camera === id).flatMap((r) => (r.data ? [r.data] : []));
        return { id, name: names.get(id)?.name ?? id, recorded: parts.flatMap((p) => p.recorded), gaps: parts.flatMap((p) => p.gaps), events: parts.flatMap((p) => p.events) };
      }),
  });
}

function labelOf(us: number, majorUs: number): { text: string; date: boolean } {
  const clock = clockText(us);
  if (clock === '00:00:00') return { text: dateText(us), date: true };
  return { text: majorUs < 60 * SECOND_US ? clock : clock.slice(0, 5), date: false };
}
