/** Ask for a hold: cameras, span, case, document, reason, expiry. It protects as soon as it is sent. */

import { useQuery } from '@tanstack/react-query';
import { Alert, App, Button, DatePicker, Drawer, Form, Input, Select, Space } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useTranslation } from 'react-i18next';
import { camerasQuery } from '@/shared/api/queries';
import { nowUs } from '@/shared/lib/clock';
import { matches } from '@/shared/lib/pinyin';
import { scaled } from '@/shared/lib/screen';
import { DAY_US, dateTimeText, instantUs, SECOND_US, toIso } from '@/shared/lib/time';
import { Failure } from '@/shared/ui/states';
import { useCreateHold } from './queries';

const HELD_DAYS = 180;

export interface Wanted {
  cameras: string[];
  fromUs: number;
  toUs: number;
}

interface Values {
  cameras: string[];
  span: [Dayjs, Dayjs];
  expires: Dayjs;
  case_no: string;
  doc_no: string;
  reason: string;
}

/** The picker shows what its value says; the value is read back as the zone of the screens. */
const shown = (us: number): Dayjs => dayjs(dateTimeText(us));
const usOf = (value: Dayjs): number => instantUs(value.format('YYYY-MM-DDTHH:mm:ss'));

export function HoldDrawer({ wanted, onClose }: { wanted: Wanted; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [form] = Form.useForm<Values>();
  const cameras = useQuery(camerasQuery());
  const create = useCreateHold();
  const submit = (v: Values) =>
    create.mutate(
      {
        cameras: v.cameras,
        from: toIso(usOf(v.span[0])),
        to: toIso(usOf(v.span[1])),
        expires_at: toIso(usOf(v.expires)),
        case_no: v.case_no,
        doc_no: v.doc_no,
        reason: v.reason,
      },
      {
        onSuccess: (hold) => {
          void message.success(hold.gone.length > 0 ? t('holds.sent_gone', { count: hold.gone.length }) : t('holds.sent'));
          onClose();
        },
      },
    );
  const required = [{ required: true, message: t('holds.required') }];
  return (
    <Drawer
      open
      size={scaled(480)}
      title={t('holds.add_title')}
      onClose={onClose}
      footer={
        <Space>
          <Button type="primary" loading={create.isPending} onClick={() => form.submit()}>
            {t('holds.send')}
          </Button>
          <Button onClick={onClose}>{t('action.cancel')}</Button>
        </Space>
      }
    >
      <Alert type="info" title={t('holds.how')} />
      <Form
        form={form}
        layout="vertical"
        className="hold-form"
        initialValues={{
          cameras: wanted.cameras,
          span: [shown(Math.floor(wanted.fromUs / SECOND_US) * SECOND_US), shown(Math.ceil(wanted.toUs / SECOND_US) * SECOND_US)],
          expires: shown(nowUs() + HELD_DAYS * DAY_US),
        }}
        onFinish={submit}
      >
        <Form.Item name="cameras" label={t('holds.cameras')} rules={required}>
          <Select
            mode="multiple"
            options={(cameras.data ?? []).map((c) => ({ value: c.id, label: c.name }))}
            showSearch={{ filterOption: (text, option) => matches(text, option?.label ?? '', null) }}
          />
        </Form.Item>
        <Form.Item name="span" label={t('holds.span')} rules={required} extra={t('holds.span_extra')}>
          <DatePicker.RangePicker showTime className="wide" />
        </Form.Item>
        <Form.Item name="case_no" label={t('holds.case_no')} rules={required}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="doc_no" label={t('holds.doc_no')} rules={required}>
          <Input maxLength={200} />
        </Form.Item>
        <Form.Item name="reason" label={t('holds.reason')} rules={required}>
          <Input.TextArea maxLength={2000} rows={3} />
        </Form.Item>
        <Form.Item name="expires" label={t('holds.expires')} rules={required} extra={t('holds.expires_extra')}>
          <DatePicker showTime className="wide" />
        </Form.Item>
        {create.isError && <Failure error={create.error} />}
      </Form>
    </Drawer>
  );
}
