/** A week to paint: drag with the mouse, or arrows to move and Shift+arrows to paint with the chosen brush. */

import { Button, Tooltip } from 'antd';
import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { CELL_MIN, CELLS, copyToDays, DAY_MIN, kindAt, minutesText, paintCells, ROWS, type Brush, type Cell, type Row, type RowName, type WeekRows } from './week';
import { DAY_TEXT, KIND_TEXT } from './words';

interface Props {
  week: WeekRows;
  ownHoliday: boolean;
  brush: Brush;
  cursor: Cell;
  setCursor: (cell: Cell) => void;
  onChange: (week: WeekRows) => void;
}

const MOVES: Record<string, readonly [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const HOURS = Array.from({ length: 13 }, (_x, n) => n * 2);

export function WeekGrid({ week, ownHoliday, brush, cursor, setCursor, onChange }: Props) {
  const { t } = useTranslation();
  const [drag, setDrag] = useState<{ from: Cell; to: Cell } | null>(null);
  const box = useRef<HTMLDivElement | null>(null);
  const shown = drag ? paintCells(week, drag.from, drag.to, brush) : week;
  const last = ownHoliday ? ROWS.length - 1 : ROWS.length - 2;

  const cellAt = (event: PointerEvent): Cell | null => {
    const rows = [...(box.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
    const first = rows[0]?.getBoundingClientRect();
    if (!first) return null;
    const tops = rows.map((r) => r.getBoundingClientRect().top);
    const row = Math.max(0, Math.min(last, tops.filter((top) => top <= event.clientY).length - 1));
    const cell = Math.floor(((event.clientX - first.left) / first.width) * CELLS);
    return { row, cell: Math.max(0, Math.min(CELLS - 1, cell)) };
  };
  const down = (event: PointerEvent) => {
    const at = cellAt(event);
    if (!at || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    setCursor(at);
    setDrag({ from: at, to: at });
  };
  const move = (event: PointerEvent) => {
    const at = drag && cellAt(event);
    if (at) setDrag({ ...drag, to: at });
  };
  const up = () => {
    if (drag) onChange(paintCells(week, drag.from, drag.to, brush));
    setDrag(null);
  };
  const key = (event: KeyboardEvent) => {
    const by = MOVES[event.key];
    if (by && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      const to = { row: Math.max(0, Math.min(last, cursor.row + by[0])), cell: Math.max(0, Math.min(CELLS - 1, cursor.cell + by[1])) };
      if (event.shiftKey) onChange(paintCells(week, cursor, to, brush));
      setCursor(to);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onChange(paintCells(week, cursor, cursor, brush));
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault();
      onChange(paintCells(week, cursor, cursor, null));
    }
  };
  const name = ROWS[cursor.row] ?? 'monday';
  const at = `${t(DAY_TEXT[name])} ${minutesText(cursor.cell * CELL_MIN)}–${minutesText((cursor.cell + 1) * CELL_MIN)}: ${t(KIND_TEXT[kindAt(week[name], cursor.cell * CELL_MIN) ?? 'none'])}`;

  return (
    <div className="week">
      <div className="week-hours mono small" aria-hidden>
        <span />
        <div className="week-scale">
          {HOURS.map((h) => (
            <span key={h} style={{ left: `${(h / 24) * 100}%` }}>
              {h}
            </span>
          ))}
        </div>
        <span />
      </div>
      <div ref={box} className="week-body" role="application" tabIndex={0} aria-label={t('plans.grid_label')} onKeyDown={key} onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={() => setDrag(null)}>
        {ROWS.slice(0, last + 1).map((row, i) => (
          <div key={row} className="week-line">
            <span className={row === 'saturday' || row === 'sunday' || row === 'holiday' ? 'week-day week-free' : 'week-day'}>{t(DAY_TEXT[row])}</span>
            <DayBar row={shown[row]} rowName={row} cursor={cursor.row === i ? cursor.cell : null} />
            {row === 'holiday' ? (
              <span />
            ) : (
              <Tooltip title={t('plans.copy_hint')}>
                <Button size="small" type="text" className="week-copy" tabIndex={-1} onPointerDown={(e) => e.stopPropagation()} onClick={() => onChange(copyToDays(week, row))}>
                  {t('plans.copy')}
                </Button>
              </Tooltip>
            )}
          </div>
        ))}
      </div>
      <p className="secondary small week-at" aria-live="polite">
        {at}
      </p>
    </div>
  );
}

/** One day's pieces; event pieces are hatched, so that colour alone tells nothing. */
export function DayBar({ row, rowName, cursor = null }: { row: Row; rowName?: RowName; cursor?: number | null }) {
  return (
    <div className="week-row" {...(rowName ? { 'data-row': rowName } : {})}>
      {row.map((p) => (
        <i key={p.from} className={`piece piece-${p.kind}`} title={`${minutesText(p.from)}–${minutesText(p.to)}`} style={{ left: `${(p.from / DAY_MIN) * 100}%`, width: `${((p.to - p.from) / DAY_MIN) * 100}%` }} />
      ))}
      {cursor !== null && <b className="week-cursor" style={{ left: `${(cursor / CELLS) * 100}%`, width: `${100 / CELLS}%` }} />}
    </div>
  );
}
