/** The timeline as a React component: the canvas, a hover label, and the same for screen readers. */

import { useEffect, useRef, useState, type ReactNode } from 'react';
import { heightOf, RULER_PX, TRACK_PX, type Scene, type Track } from './draw';
import { TimelineCanvas, type Hover } from './timelineCanvas';
import type { View } from './math';

interface Props {
  view: View;
  tracks: readonly Track[];
  headUs: number;
  nowUs: number;
  selection: View | null;
  offsetUs: Scene['offsetUs'];
  label: Scene['label'];
  valueText: string;
  ariaLabel: string;
  /** What stands beside the cursor: time to the millisecond, camera, kind or cause. */
  describe: (us: number, track: Track | null) => string;
  /** What stands above those words: a small picture of that moment. */
  picture: (us: number, track: Track | null) => ReactNode;
  onView: (view: View) => void;
  onSeek: (us: number) => void;
  onScrub: (us: number, done: boolean) => void;
  onSelect: (selection: View | null) => void;
}

export function Timeline(props: Props) {
  const { view, tracks, headUs, nowUs, selection, offsetUs, label } = props;
  const canvas = useRef<HTMLCanvasElement | null>(null);
  const drawn = useRef<TimelineCanvas | null>(null);
  const handlers = useRef(props);
  const [hover, setHover] = useState<Hover | null>(null);
  useEffect(() => {
    handlers.current = props;
  });
  useEffect(() => {
    if (!canvas.current) return;
    const made = new TimelineCanvas(canvas.current, {
      view: (v) => handlers.current.onView(v),
      seek: (us) => handlers.current.onSeek(us),
      scrub: (us, done) => handlers.current.onScrub(us, done),
      select: (s) => handlers.current.onSelect(s),
      hover: setHover,
    });
    drawn.current = made;
    return () => made.dispose();
  }, []);
  useEffect(() => {
    drawn.current?.show({ view, tracks, headUs, nowUs, selection, offsetUs, label, hoverX: null });
  }, [view, tracks, headUs, nowUs, selection, offsetUs, label]);
  const over = hover ? (tracks[hover.track] ?? null) : null;
  return (
    <div className="timeline" style={{ height: heightOf(tracks.length) }}>
      <canvas
        ref={canvas}
        role="slider"
        tabIndex={0}
        data-testid="timeline"
        data-from-us={Math.round(view.fromUs)}
        data-to-us={Math.round(view.toUs)}
        aria-label={props.ariaLabel}
        aria-valuemin={Math.round(view.fromUs / 1000)}
        aria-valuemax={Math.round(view.toUs / 1000)}
        aria-valuenow={Math.round(headUs / 1000)}
        aria-valuetext={props.valueText}
      />
      {tracks.map((track, i) => (
        <span key={track.id} className="track-name" style={{ top: RULER_PX + i * TRACK_PX + 4 }} title={track.name}>
          {track.name}
        </span>
      ))}
      {hover && (
        <div className="timeline-tip mono" style={{ left: hover.x }}>
          {props.picture(hover.us, over)}
          {props.describe(hover.us, over)}
        </div>
      )}
    </div>
  );
}
