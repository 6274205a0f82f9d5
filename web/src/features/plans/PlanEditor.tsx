/** One plan: a rule a stream, the week, what is kept around an event, and the coming days. Undo lasts until it is saved or left. */

import { RedoOutlined, UndoOutlined } from '@ant-design/icons';
import { App, Button, Input, InputNumber, Radio, Segmented, Switch, Tooltip } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Holiday, RecordPlan } from '@/shared/api/types';
import { useHotkeys } from '@/shared/lib/hotkeys';
import { ProblemDetail } from '@/shared/ui/states';
import { problemOfError, problemText } from '@/shared/lib/problems';
import { ExactTimes } from './ExactTimes';
import { begin, change, redo, undo } from './history';
import { useSavePlan } from './mutations';
import { Preview } from './Preview';
import { DAYS, draftOf, MODES, NEW_DRAFT, paint, ROWS, toBody, type Brush, type Cell, type Draft, type ProfileName, type RuleDraft } from './week';
import { WeekGrid } from './WeekGrid';
import { DAY_TEXT, KIND_TEXT, MODE_MEANS, MODE_TEXT } from './words';

const BRUSHES = ['continuous', 'event', 'none'] as const;

export function PlanEditor({ plan, holidays, onSaved }: { plan: RecordPlan | null; holidays: readonly Holiday[]; onSaved: (id: string) => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const save = useSavePlan();
  const [history, setHistory] = useState(() => begin<Draft>(plan ? draftOf(plan) : NEW_DRAFT));
  const [profile, setProfile] = useState<ProfileName>('main');
  const [brush, setBrush] = useState<(typeof BRUSHES)[number]>('continuous');
  const [cursor, setCursor] = useState<Cell>({ row: 0, cell: 16 });
  const draft = history.now;
  const rule = draft[profile];
  const set = (now: Draft) => setHistory((h) => change(h, now));
  const setRule = (part: Partial<RuleDraft>) => set({ ...draft, [profile]: { ...rule, ...part } });
  const kind: Brush = brush === 'none' ? null : brush;
  const rowName = ROWS[cursor.row] ?? DAYS[0];
  const submit = () => {
    save.mutate(
      { id: plan?.id ?? null, body: toBody(draft) },
      {
        onSuccess: (saved) => {
          void message.success(t('plans.saved', { name: saved.name }));
          setHistory(begin(draftOf(saved)));
          onSaved(saved.id);
        },
      },
    );
  };
  useHotkeys(
    'plan-editor',
    t('plans.editor'),
    [
      { keys: 'Control+KeyZ', text: t('plans.undo'), run: () => setHistory(undo) },
      { keys: 'Control+KeyY', text: t('plans.redo'), run: () => setHistory(redo) },
      { keys: 'Control+KeyS', text: t('action.save'), run: submit },
      { keys: 'Digit1', text: t('plans.kind.continuous'), run: () => setBrush('continuous') },
      { keys: 'Digit2', text: t('plans.kind.event'), run: () => setBrush('event') },
      { keys: 'Digit3', text: t('plans.kind.none'), run: () => setBrush('none') },
    ],
  );
  const onEvent = [draft.main, draft.sub].some((r) => r.mode === 'event' || (r.mode === 'week' && ROWS.some((n) => r.week[n].some((p) => p.kind === 'event'))));

  return (
    <section className="plan-editor" aria-label={t('plans.editor')}>
      <header className="plan-head">
        <Input className="plan-name" value={draft.name} maxLength={100} placeholder={t('plans.name')} aria-label={t('plans.name')} onChange={(e) => set({ ...draft, name: e.target.value })} />
        <Tooltip title={`${t('plans.undo')} Ctrl+Z`}>
          <Button icon={<UndoOutlined />} disabled={history.past.length === 0} aria-label={t('plans.undo')} onClick={() => setHistory(undo)} />
        </Tooltip>
        <Tooltip title={`${t('plans.redo')} Ctrl+Y`}>
          <Button icon={<RedoOutlined />} disabled={history.future.length === 0} aria-label={t('plans.redo')} onClick={() => setHistory(redo)} />
        </Tooltip>
        <Button type="primary" loading={save.isPending} disabled={draft.name.trim() === '' || (plan !== null && history.past.length === 0)} onClick={submit}>
          {t('action.save')}
        </Button>
        {plan && plan.cameras > 0 && <span className="secondary small">{t('plans.changes_cameras', { count: plan.cameras })}</span>}
      </header>
      {save.isError && (
        <p role="alert" className="plan-problem">
          {problemOfError(save.error).code === 'conflict' ? t('plans.name_taken') : t(problemText(problemOfError(save.error)))} <ProblemDetail error={save.error} />
        </p>
      )}
      <div className="plan-bar">
        <Segmented<ProfileName> value={profile} onChange={setProfile} options={[{ value: 'main', label: t('plans.main') }, { value: 'sub', label: t('plans.sub') }]} />
        <Radio.Group value={rule.mode} onChange={(e) => setRule({ mode: e.target.value as RuleDraft['mode'] })} optionType="button" options={MODES.map((m) => ({ value: m, label: t(MODE_TEXT[m]) }))} />
        <span className="secondary small">{t(MODE_MEANS[rule.mode])}</span>
      </div>
      {rule.mode === 'week' && (
        <>
          <div className="plan-bar">
            <span className="secondary">{t('plans.brush')}</span>
            <Radio.Group value={brush} onChange={(e) => setBrush(e.target.value as typeof brush)} optionType="button">
              {BRUSHES.map((b, i) => (
                <Radio.Button key={b} value={b}>
                  <i className={`piece-sample piece-${b}`} /> {t(KIND_TEXT[b])} <kbd>{i + 1}</kbd>
                </Radio.Button>
              ))}
            </Radio.Group>
            <span className="secondary small">{t('plans.paint_hint')}</span>
          </div>
          <WeekGrid week={rule.week} ownHoliday={rule.ownHoliday} brush={kind} cursor={cursor} setCursor={setCursor} onChange={(week) => setRule({ week })} />
          <div className="plan-bar">
            <ExactTimes day={t(DAY_TEXT[rowName])} onApply={(from, to) => setRule({ week: { ...rule.week, [rowName]: paint(rule.week[rowName], from, to, kind) } })} />
            <label className="plan-own">
              <Switch size="small" checked={rule.ownHoliday} onChange={(ownHoliday) => setRule({ ownHoliday })} /> {t('plans.own_holiday')}
            </label>
          </div>
        </>
      )}
      <div className={onEvent ? 'plan-bar' : 'plan-bar plan-idle'}>
        <span>{t('plans.around_event')}</span>
        <InputNumber min={0} max={60} value={draft.preS} onChange={(v) => set({ ...draft, preS: v ?? 0 })} prefix={t('plans.before')} suffix={t('plans.seconds')} aria-label={t('plans.pre')} />
        <InputNumber min={0} max={3600} value={draft.postS} onChange={(v) => set({ ...draft, postS: v ?? 0 })} prefix={t('plans.after')} suffix={t('plans.seconds')} aria-label={t('plans.post')} />
        <span className="secondary small">{t(onEvent ? 'plans.event_text' : 'plans.no_event_text')}</span>
      </div>
      <Preview draft={draft} holidays={holidays} />
    </section>
  );
}
