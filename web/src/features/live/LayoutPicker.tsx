/** The layouts as small drawings of themselves, drawn from the same places as the wall. */

import { Tooltip } from 'antd';
import { useTranslation } from 'react-i18next';
import { keyText } from '@/shared/lib/hotkeys';
import { GEOMETRY, LAYOUTS, type Layout } from './layouts';

export const layoutKey = (index: number): string => `Alt+Digit${(index + 1) % 10}`;

export function LayoutPicker({ value, onChange }: { value: Layout; onChange: (layout: Layout) => void }) {
  const { t } = useTranslation();
  return (
    <div className="layouts" role="radiogroup" aria-label={t('live.layout')}>
      {LAYOUTS.map((layout, i) => (
        <Tooltip key={layout} title={`${t('live.tiles', { count: layout })} (${keyText(layoutKey(i))})`} mouseEnterDelay={0.4}>
          <button
            type="button"
            role="radio"
            aria-checked={value === layout}
            aria-label={t('live.tiles', { count: layout })}
            className={value === layout ? 'layout-one layout-on' : 'layout-one'}
            onClick={() => onChange(layout)}
          >
            <Drawing layout={layout} />
          </button>
        </Tooltip>
      ))}
    </div>
  );
}

const WIDTH = 60;
const HEIGHT = 42;
const GAP = 3;

function Drawing({ layout }: { layout: Layout }) {
  const { side, places } = GEOMETRY[layout];
  const [w, h] = [WIDTH / side, HEIGHT / side];
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden>
      {places.map((p, i) => (
        <rect key={i} x={p.x * w + GAP / 2} y={p.y * h + GAP / 2} width={p.span * w - GAP} height={p.span * h - GAP} rx={1} />
      ))}
    </svg>
  );
}
