/** 视图与轮巡 below the tree: opened by a click, saved from what the wall shows now, for oneself or for all. */

import { AppstoreOutlined, DeleteOutlined, EditOutlined, ExportOutlined, RetweetOutlined, SaveOutlined, TeamOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { App } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { WallView } from '@/shared/api/types';
import { Failure, Loading } from '@/shared/ui/states';
import { BarButton } from './BarButton';
import { isLayout } from './layouts';
import { openWindow } from './openWindow';
import { SaveView } from './SaveView';
import { useDeleteView, viewsQuery } from './viewQueries';
import { makeWall, type Wall } from './wall';

/** A newer node may know layouts that this console does not. */
export const wallOfView = (view: Pick<WallView, 'layout' | 'cameras' | 'dwell_s'>): Wall => makeWall(isLayout(view.layout) ? view.layout : 16, view.cameras, view.dwell_s);

export function SavedViews({ wall, change }: { wall: Wall; change: (wall: Wall) => void }) {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const views = useQuery(viewsQuery());
  const remove = useDeleteView();
  const [saving, setSaving] = useState<WallView | 'new' | null>(null);
  const ask = (view: WallView) =>
    void modal.confirm({
      title: t(view.shared ? 'views.delete_shared' : 'views.delete_own', { name: view.name }),
      okText: t('views.delete'),
      okButtonProps: { danger: true },
      onOk: () => remove.mutateAsync(view.id),
    });
  return (
    <section className="views" aria-label={t('views.title')}>
      <header className="views-head">
        <b>{t('views.title')}</b>
        <span className="spacer" />
        <BarButton label={t('views.save')} icon={<SaveOutlined />} run={() => setSaving('new')} disabled={wall.cams.every((id) => id === null)} />
      </header>
      {views.isError && !views.data && <Failure error={views.error} retry={() => void views.refetch()} />}
      {remove.isError && <Failure error={remove.error} />}
      {views.isPending && <Loading rows={2} />}
      {views.data?.length === 0 && <p className="secondary small views-none">{t('views.none')}</p>}
      <ul className="views-list">
        {views.data?.map((view) => (
          <li key={view.id}>
            <button type="button" className="views-open" title={t('views.open', { name: view.name, owner: view.owner_name })} onClick={() => change(wallOfView(view))}>
              {view.dwell_s === null ? <AppstoreOutlined /> : <RetweetOutlined />}
              <span className="tree-name">{view.name}</span>
              {view.shared && <TeamOutlined aria-label={t('views.shared_by', { owner: view.owner_name })} />}
              <span className="secondary small mono">{view.dwell_s === null ? t('live.tiles', { count: view.layout }) : `${view.dwell_s} s`}</span>
            </button>
            <span className="views-acts">
              <BarButton label={t('views.open_window')} icon={<ExportOutlined />} run={() => openWindow(wallOfView(view))} />
              <BarButton label={t('views.edit')} icon={<EditOutlined />} run={() => setSaving(view)} disabled={!view.may_change} />
              <BarButton label={t('views.delete')} icon={<DeleteOutlined />} run={() => ask(view)} disabled={!view.may_change} />
            </span>
          </li>
        ))}
      </ul>
      {saving !== null && <SaveView wall={wall} view={saving === 'new' ? null : saving} onClose={() => setSaving(null)} />}
    </section>
  );
}
