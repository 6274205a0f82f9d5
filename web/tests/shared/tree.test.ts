import { expect, test } from 'vitest';
import { buildTree, camerasIn } from '@/shared/lib/cameraTree';
import { comboOf, keyText } from '@/shared/lib/hotkeys';
import { initialsOf, matches } from '@/shared/lib/pinyin';
import { makeCamera } from '../support';

const regions = [
  { id: 'city', name: '市局', level: 'city' as const, parent_id: null },
  { id: 'station', name: '派出所', level: 'station' as const, parent_id: 'city' },
  { id: 'empty', name: '空', level: 'station' as const, parent_id: 'city' },
];

test('the tree counts what is below and what is offline, and leaves empty regions out', () => {
  const cameras = [makeCamera({ id: 'a', region_id: 'station', state: 'offline' }), makeCamera({ id: 'b', region_id: 'city' }), makeCamera({ id: 'c', region_id: 'gone' })];
  const tree = buildTree(regions, cameras);
  expect(tree).toHaveLength(2);
  expect(tree[0]).toMatchObject({ name: '市局', total: 2, offline: 1 });
  expect(camerasIn(tree[0]!).map((c) => c.id)).toEqual(['a', 'b']);
  expect(tree[1]).toMatchObject({ kind: 'camera', key: 'c' });
});

test('regions that point at each other do not hang the tree', () => {
  const loop = [{ ...regions[0]!, id: 'x', parent_id: 'y' }, { ...regions[0]!, id: 'y', parent_id: 'x' }];
  expect(buildTree(loop, [])).toEqual([]);
});

test('names are found by their pinyin initials', () => {
  expect(initialsOf('东华门 1 号')).toBe('dhm1h');
  expect(matches('dhm', '东华门', null)).toBe(true);
  expect(matches('1101 0101', '东华门', '11010101001320000001')).toBe(true);
  expect(matches('xyz', '东华门', null)).toBe(false);
});

test('keys are named by their place on the keyboard', () => {
  expect(comboOf({ code: 'KeyK', ctrlKey: true, metaKey: false, altKey: false, shiftKey: false })).toBe('Control+KeyK');
  expect(['Control+KeyK', 'Shift+Slash', 'Alt+Digit1', 'BracketLeft'].map(keyText)).toEqual(['Ctrl + K', '?', 'Alt + 1', '[']);
});
