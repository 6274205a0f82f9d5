/** The form of a view or a tour: its name, who may open it, how long each page stays, and whether it takes what the wall shows now. */

import { Checkbox, Form, Input, InputNumber, Modal, Switch } from 'antd';
import { useTranslation } from 'react-i18next';
import type { WallView } from '@/shared/api/types';
import { Failure } from '@/shared/ui/states';
import { useSaveView } from './viewQueries';
import { DWELL_LEAST, DWELL_MOST, pagesOf, type Wall } from './wall';

interface Values {
  name: string;
  shared: boolean;
  tour: boolean;
  dwell: number;
  retake: boolean;
}

const DWELL_FIRST = 20;

export function SaveView({ wall, view, onClose }: { wall: Wall; view: WallView | null; onClose: () => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Values>();
  const save = useSaveView();
  const now = Form.useWatch([], form) as Partial<Values> | undefined; // Nothing until the form is there.
  const { retake = view === null, tour = false } = now ?? {};
  const taken = retake || view === null ? { layout: wall.layout, cameras: trimmed(wall.cams), pages: pagesOf(wall) } : { layout: view.layout, cameras: view.cameras, pages: Math.ceil(view.cameras.length / view.layout) };
  const submit = ({ name, shared, tour: turns, dwell }: Values) =>
    save.mutate(
      { id: view?.id ?? null, body: { name, shared, layout: taken.layout, cameras: taken.cameras, dwell_s: turns && taken.pages > 1 ? dwell : null } },
      { onSuccess: onClose },
    );
  const first: Values = { name: view?.name ?? '', shared: view?.shared ?? false, tour: (view?.dwell_s ?? wall.dwell) !== null, dwell: view?.dwell_s ?? wall.dwell ?? DWELL_FIRST, retake: view === null };
  return (
    <Modal open title={t(view === null ? 'views.save' : 'views.edit')} okText={t('views.ok')} confirmLoading={save.isPending} onOk={form.submit} onCancel={onClose} width={460}>
      <Form form={form} layout="vertical" initialValues={first} onFinish={submit}>
        <Form.Item name="name" label={t('views.name')} rules={[{ required: true, whitespace: true, message: t('views.name_needed') }]}>
          <Input maxLength={200} autoFocus />
        </Form.Item>
        <Form.Item name="retake" valuePropName="checked" hidden={view === null}>
          <Checkbox>{t('views.retake')}</Checkbox>
        </Form.Item>
        <Form.Item name="shared" valuePropName="checked" extra={t('views.shared_hint')}>
          <Checkbox>{t('views.shared')}</Checkbox>
        </Form.Item>
        <Form.Item name="tour" label={t('views.tour')} extra={taken.pages > 1 ? t('views.tour_pages', { count: taken.pages }) : t('views.tour_needs')}>
          <Switch disabled={taken.pages === 1} />
        </Form.Item>
        <Form.Item name="dwell" label={t('views.dwell')} hidden={!tour || taken.pages === 1} rules={[{ required: true, message: t('views.dwell_needed') }]}>
          <InputNumber min={DWELL_LEAST} max={DWELL_MOST} precision={0} suffix={t('views.seconds')} />
        </Form.Item>
      </Form>
      {save.isError && <Failure error={save.error} />}
    </Modal>
  );
}

/** Empty tiles at the end are not worth keeping. */
function trimmed(cams: readonly (string | null)[]): (string | null)[] {
  return cams.slice(0, cams.findLastIndex((id) => id !== null) + 1);
}
