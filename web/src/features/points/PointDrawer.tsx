/** Add or change one point: addresses, sign-in, recording, and a probe before saving. */

import { App, Button, Drawer, Form, Input, InputNumber, Select, Space, Switch, TreeSelect } from 'antd';
import { useTranslation } from 'react-i18next';
import type { Camera, Region } from '@/shared/api/types';
import { scaled } from '@/shared/lib/screen';
import { Failure } from '@/shared/ui/states';
import { EMPTY, fromPasted, MAX_EDGE_DAYS, toCreate, toPatch, valuesOf, type PointValues } from './form';
import { useProbe, useSavePoint } from './mutations';
import { RecordSelect } from './RecordSelect';
import { ProbeResult } from './ProbeResult';

export type Editing = { camera: Camera } | { pasted: string };

interface Props {
  editing: Editing;
  regions: readonly Region[];
  onClose: () => void;
}

const RTSP = /^rtsps?:\/\/\S+$/i;

export function PointDrawer({ editing, regions, onClose }: Props) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const [form] = Form.useForm<PointValues>();
  const save = useSavePoint();
  const probe = useProbe();
  const camera = 'camera' in editing ? editing.camera : null;
  const initial: PointValues = 'camera' in editing ? valuesOf(editing.camera) : { ...EMPTY, ...(editing.pasted ? fromPasted(editing.pasted) : {}) };

  const submit = (values: PointValues) => {
    save.mutate(camera ? { id: camera.id, body: toPatch(values) } : { id: null, body: toCreate(values) }, {
      onSuccess: () => {
        void message.success(t('points.saved', { name: values.name }));
        onClose();
      },
    });
  };
  const runProbe = () => {
    const { url, username, password, transport } = form.getFieldsValue();
    probe.mutate({ url: url.trim(), transport, username: username?.trim() || null, password: password || null });
  };
  const splitUrl = () => {
    const found = fromPasted(form.getFieldValue('url') as string);
    form.setFieldsValue(found.username === undefined ? { url: found.url } : found);
  };

  return (
    <Drawer
      open
      size={scaled(480)}
      title={camera ? t('points.edit_title', { name: camera.name }) : t('points.add_title')}
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
      <Form form={form} layout="vertical" initialValues={initial} onFinish={submit} autoComplete="off">
        <Form.Item name="url" label={t('points.main_url')} rules={[{ required: true, pattern: RTSP, message: t('points.url_rule') }]}>
          <Input placeholder="rtsp://192.0.2.10:554/stream1" onBlur={splitUrl} />
        </Form.Item>
        <Space.Compact block>
          <Form.Item name="username" label={t('points.username')} className="half">
            <Input autoComplete="off" />
          </Form.Item>
          <Form.Item name="password" label={t('points.password')} className="half">
            <Input.Password autoComplete="new-password" placeholder={camera?.has_password ? t('points.password_kept') : ''} />
          </Form.Item>
        </Space.Compact>
        <Form.Item name="transport" label={t('points.transport')}>
          <Select
            options={[
              { value: 'auto', label: t('points.transport_auto') },
              { value: 'tcp', label: 'TCP' },
              { value: 'udp', label: 'UDP' },
            ]}
          />
        </Form.Item>
        <div className="probe">
          <Button onClick={runProbe} loading={probe.isPending}>
            {t('points.probe')}
          </Button>
          {probe.isPending && <span className="secondary small">{t('points.probing')}</span>}
          {probe.data && <ProbeResult probe={probe.data} />}
          {probe.isError && <Failure error={probe.error} />}
        </div>
        <Form.Item name="name" label={t('points.name')} rules={[{ required: true, whitespace: true, message: t('points.name_rule') }]}>
          <Input maxLength={100} />
        </Form.Item>
        <Form.Item name="code" label={t('points.code')} rules={[{ pattern: /^\d{20}$/, message: t('points.code_rule') }]}>
          <Input maxLength={20} className="mono" />
        </Form.Item>
        <Form.Item name="region_id" label={t('points.region')}>
          <TreeSelect allowClear showSearch={{ treeNodeFilterProp: 'title' }} treeDefaultExpandAll treeData={treeOf(regions, null)} />
        </Form.Item>
        <Form.Item name="sub_url" label={t('points.sub_url')} rules={[{ pattern: RTSP, message: t('points.url_rule') }]}>
          <Input placeholder="rtsp://192.0.2.10:554/stream2" />
        </Form.Item>
        <Form.Item name="record" label={t('points.record')}>
          <RecordSelect />
        </Form.Item>
        <Form.Item name="edge" label={t('points.edge')} valuePropName="checked" extra={t('points.edge_hint')}>
          <Switch aria-label={t('points.edge')} />
        </Form.Item>
        <Form.Item noStyle dependencies={['edge', 'sub_url']}>
          {({ getFieldsValue }) => <EdgeFields values={getFieldsValue(['edge', 'sub_url']) as EdgeChoice} />}
        </Form.Item>
        {save.isError && <Failure error={save.error} />}
      </Form>
    </Drawer>
  );
}

interface EdgeChoice {
  edge?: boolean;
  sub_url?: string;
}

/** They stay in the form when the switch is off, so that switching on again finds what was there. */
function EdgeFields({ values }: { values: EdgeChoice }) {
  const { t } = useTranslation();
  const on = values.edge === true;
  const rule = { pattern: RTSP, message: t('points.url_rule') };
  return (
    <>
      <Form.Item name="edge_url" label={t('points.edge_url')} hidden={!on} rules={on ? [{ required: true, ...rule }] : []}>
        <Input placeholder="rtsp://192.0.2.10:554/replay1" />
      </Form.Item>
      <Form.Item name="sub_edge_url" label={t('points.sub_edge_url')} hidden={!on || !values.sub_url?.trim()} rules={on ? [rule] : []}>
        <Input placeholder="rtsp://192.0.2.10:554/replay2" />
      </Form.Item>
      <Form.Item name="edge_days" label={t('points.edge_days')} hidden={!on} rules={[{ required: on, message: t('points.edge_days_rule') }]}>
        <InputNumber min={1} max={MAX_EDGE_DAYS} precision={0} />
      </Form.Item>
    </>
  );
}

interface RegionChoice {
  value: string;
  title: string;
  children: RegionChoice[];
}

function treeOf(regions: readonly Region[], parent: string | null): RegionChoice[] {
  return regions.filter((r) => r.parent_id === parent).map((r) => ({ value: r.id, title: r.name, children: treeOf(regions, r.id) }));
}
