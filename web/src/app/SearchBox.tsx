/** Ctrl+K: cameras by name, code or pinyin initials; Enter opens the choice on the wall. */

import { SearchOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { AutoComplete, Input } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { camerasQuery } from '@/shared/api/queries';
import { sortCameras } from '@/shared/lib/cameraTree';
import { matches } from '@/shared/lib/pinyin';
import { StateDot } from '@/shared/ui/text';

const SHOWN = 12;

export function SearchBox() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const cameras = useQuery(camerasQuery());
  const [query, setQuery] = useState('');
  const options = useMemo(() => {
    if (!query.trim()) return [];
    return sortCameras((cameras.data ?? []).filter((c) => matches(query, c.name, c.code)))
      .slice(0, SHOWN)
      .map((c) => ({
        value: c.id,
        label: (
          <span className="found">
            <StateDot camera={c} /> {c.name} <span className="secondary small mono">{c.code}</span>
          </span>
        ),
      }));
  }, [cameras.data, query]);
  return (
    <AutoComplete
      id="search"
      className="search"
      value={query}
      options={options}
      defaultActiveFirstOption
      notFoundContent={query.trim() ? t('tree.no_match') : null}
      onChange={(value: string) => setQuery(options.some((o) => o.value === value) ? '' : value)}
      onSelect={(id: string) => {
        setQuery('');
        void navigate({ to: '/live', search: { layout: '1', cams: id } });
      }}
    >
      <Input size="small" allowClear prefix={<SearchOutlined />} placeholder={t('shell.search_hint')} aria-label={t('shell.search')} />
    </AutoComplete>
  );
}
