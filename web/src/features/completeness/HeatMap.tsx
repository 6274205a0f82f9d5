/** Cameras × days. Only rows in sight are in the page, so a district of cameras scrolls like a handful. */

import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { CameraCompletenessOut, CompletenessDay } from '@/client/types.gen';
import { gapText } from '@/shared/lib/causes';
import { scaled } from '@/shared/lib/screen';
import { dateTimeText, parseUs } from '@/shared/lib/time';
import { useHeight } from '@/shared/lib/useHeight';
import { lengthText, levelOf, lostBy, rateText } from './scale';

const ROW_PX = scaled(24);
const HEAD_PX = scaled(34);
const AHEAD = 8;
const NEAR_END_ROWS = 40;

interface Props {
  rows: readonly CameraCompletenessOut[];
  days: readonly string[];
  /** Scrolled near the last row. */
  onEnd: () => void;
  open: (camera: string, us: number) => void;
}

interface At {
  row: number;
  day: number;
}

export function HeatMap({ rows, days, onEnd, open }: Props) {
  const { t, i18n } = useTranslation();
  const [box, height] = useHeight();
  const [top, setTop] = useState(0);
  const [at, setAt] = useState<At | null>(null);
  const [tip, setTip] = useState<{ x: number; y: number } | null>(null);
  const grid = useRef<HTMLDivElement | null>(null);
  const byDay = useMemo(() => rows.map((row) => new Map(row.days.map((d) => [d.day, d]))), [rows]);
  const first = Math.max(0, Math.floor(top / ROW_PX) - AHEAD);
  const last = Math.min(rows.length, Math.ceil((top + height) / ROW_PX) + AHEAD);
  useEffect(() => {
    if (last + NEAR_END_ROWS > rows.length) onEnd();
  }, [last, rows.length, onEnd]);

  const choose = (row: number, day: number) => {
    const next = { row: Math.min(rows.length - 1, Math.max(0, row)), day: Math.min(days.length - 1, Math.max(0, day)) };
    setAt(next);
    const scroller = box.current;
    if (scroller) {
      const y = next.row * ROW_PX;
      if (y < scroller.scrollTop) scroller.scrollTo({ top: y });
      else if (y + ROW_PX + HEAD_PX > scroller.scrollTop + height) scroller.scrollTo({ top: y + ROW_PX + HEAD_PX - height });
    }
    requestAnimationFrame(() => {
      const cell = grid.current?.querySelector('.heat-at')?.getBoundingClientRect();
      setTip(cell ? { x: cell.right, y: cell.bottom } : null);
    });
  };
  const openAt = (where: At | null) => {
    const row = where ? rows[where.row] : undefined;
    const start = where && row ? parseUs(byDay[where.row]?.get(days[where.day] ?? '')?.start) : null;
    if (row && start !== null) open(row.camera_id, start);
  };
  const steps: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-20, 0], PageDown: [20, 0] };
  const onKey = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (step) choose((at?.row ?? 0) + step[0], (at?.day ?? 0) + step[1]);
    else if (event.key === 'Enter') openAt(at);
    else if (event.key === 'Escape') setTip(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const cellOf = (event: MouseEvent): At | null => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>('[data-day]');
    return cell ? { row: Number(cell.dataset['row']), day: Number(cell.dataset['day']) } : null;
  };
  const onMove = (event: MouseEvent) => {
    const over = cellOf(event);
    setAt(over);
    setTip(over ? { x: event.clientX + 12, y: event.clientY + 12 } : null);
  };
  const chosen = at ? rows[at.row] : undefined;

  return (
    <div
      ref={box}
      className="heat"
      role="grid"
      tabIndex={0}
      aria-label={t('completeness.map')}
      aria-rowcount={rows.length + 1}
      aria-colcount={days.length + 2}
      onScroll={(e) => setTop(e.currentTarget.scrollTop)}
      onKeyDown={onKey}
      onBlur={() => setTip(null)}
    >
      <div ref={grid} style={{ height: HEAD_PX + rows.length * ROW_PX, '--days': days.length } as React.CSSProperties} onMouseMove={onMove} onMouseLeave={() => setTip(null)} onClick={(e) => openAt(cellOf(e))}>
        <div className="heat-row heat-head" role="row" style={{ height: HEAD_PX }}>
          <span role="columnheader">{t('points.name')}</span>
          <span role="columnheader" className="heat-rate">{t('completeness.rate')} %</span>
          {days.map((day) => (
            <span key={day} role="columnheader" className={isWeekend(day) ? 'heat-day heat-weekend' : 'heat-day'}>
              <small>{new Date(`${day}T00:00:00Z`).toLocaleDateString(i18n.language, { weekday: 'narrow', timeZone: 'UTC' })}</small>
              {Number(day.slice(8))}
            </span>
          ))}
        </div>
        <div style={{ height: first * ROW_PX }} />
        {rows.slice(first, last).map((row, n) => (
          <Row key={row.camera_id} row={row} index={first + n} days={days} kept={byDay[first + n] ?? new Map<string, CompletenessDay>()} at={at?.row === first + n ? at.day : null} />
        ))}
      </div>
      {tip && at && chosen && <Tip row={chosen} day={days[at.day] ?? ''} kept={byDay[at.row]?.get(days[at.day] ?? '')} x={tip.x} y={tip.y} />}
    </div>
  );
}

const isWeekend = (day: string): boolean => [0, 6].includes(new Date(`${day}T00:00:00Z`).getUTCDay());

function Row({ row, index, days, kept, at }: { row: CameraCompletenessOut; index: number; days: readonly string[]; kept: Map<string, CompletenessDay>; at: number | null }) {
  return (
    <div className="heat-row" role="row" aria-rowindex={index + 2} style={{ height: ROW_PX }} data-testid="heat-row">
      <span className="heat-name" role="rowheader" title={`${row.name}${row.code ? ` · ${row.code}` : ''}`}>
        {row.name}
      </span>
      <span className="heat-rate mono" role="gridcell">
        {rateText(row.rate)}
      </span>
      {days.map((day, n) => {
        const told = kept.get(day);
        const level = told ? levelOf(told.rate) : 'missing';
        return (
          <span key={day} role="gridcell" data-row={index} data-day={n} className={`heat-cell heat-${level}${at === n ? ' heat-at' : ''}`} aria-label={`${day} ${told ? rateText(told.rate) : ''}`}>
            {told?.rate != null && level !== 'full' ? rateText(told.rate, 1) : ''}
          </span>
        );
      })}
    </div>
  );
}

function Tip({ row, day, kept, x, y }: { row: CameraCompletenessOut; day: string; kept: CompletenessDay | undefined; x: number; y: number }) {
  const { t } = useTranslation();
  const place = { left: Math.min(x, window.innerWidth - scaled(290)), top: Math.min(y, window.innerHeight - scaled(220)) };
  return (
    <div className="heat-tip" role="tooltip" style={place}>
      <strong>{row.name}</strong>
      <div className="mono secondary">{day}</div>
      {!kept && <div>{t('completeness.not_counted')}</div>}
      {kept && (
        <dl>
          <dt>{t('completeness.rate')}</dt>
          <dd className="mono">{kept.rate === null ? t('completeness.nothing_due') : `${rateText(kept.rate)} %`}</dd>
          <dt>{t('completeness.planned')}</dt>
          <dd className="mono">{lengthText(kept.planned_us)}</dd>
          <dt>{t('completeness.recorded')}</dt>
          <dd className="mono">{lengthText(kept.recorded_us)}</dd>
          {kept.damaged_us > 0 && (
            <>
              <dt>{t('completeness.damaged')}</dt>
              <dd className="mono">{lengthText(kept.damaged_us)}</dd>
            </>
          )}
          {lostBy(kept.gaps).map(([cause, us]) => (
            <div key={cause} className="heat-lost">
              <dt>{t(gapText(cause))}</dt>
              <dd className="mono">{lengthText(us)}</dd>
            </div>
          ))}
        </dl>
      )}
      {kept && <div className="secondary small">{t('completeness.as_of', { at: dateTimeText(parseUs(kept.read_at) ?? 0) })}</div>}
      {kept && <div className="secondary small">{t('completeness.click')}</div>}
    </div>
  );
}
