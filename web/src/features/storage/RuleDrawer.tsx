/** How long and how much of one camera, region or volume is kept. Empty: whatever stands further out. */

import { Button, Drawer, Form, InputNumber, Space } from 'antd';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { scaled } from '@/shared/lib/screen';
import { Failure, Loading } from '@/shared/ui/states';
import { rulesQuery, useSetRule } from './queries';

const GB = 1e9;

export interface RuleSubject {
  scope: 'camera' | 'region' | 'volume';
  id: string;
  name: string;
}

interface Values {
  days: number | null;
  gb: number | null;
}

export function RuleDrawer({ subject, onClose }: { subject: RuleSubject; onClose: () => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Values>();
  const rules = useQuery(rulesQuery());
  const save = useSetRule();
  const known = rules.data?.find((r) => r.scope === subject.scope && r.subject === subject.id && r.changed_by !== '');
  const submit = ({ days, gb }: Values) =>
    save.mutate({ path: { scope: subject.scope, subject: subject.id }, body: { days: days ?? null, max_bytes: gb === null ? null : Math.round(gb * GB) } }, { onSuccess: onClose });
  return (
    <Drawer
      open
      size={scaled(400)}
      title={t('storage.rule_title', { name: subject.name })}
      onClose={onClose}
      footer={
        <Space>
          <Button type="primary" loading={save.isPending} onClick={() => form.submit()}>
            {t('action.save')}
          </Button>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
        </Space>
      }
    >
      {rules.isPending ? (
        <Loading rows={3} />
      ) : (
        <Form form={form} layout="vertical" initialValues={{ days: known?.days ?? null, gb: known?.max_bytes == null ? null : known.max_bytes / GB }} onFinish={submit}>
          <Form.Item name="days" label={t('storage.form_days')} extra={t('storage.form_extra')}>
            <InputNumber min={0} max={36500} precision={0} className="wide" />
          </Form.Item>
          <Form.Item name="gb" label={t('storage.form_gb')} extra={t('storage.form_extra')}>
            <InputNumber min={0} max={9_000_000} className="wide" />
          </Form.Item>
          {save.isError && <Failure error={save.error} />}
        </Form>
      )}
    </Drawer>
  );
}
