import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import en from '@/locales/en.json';
import zh from '@/locales/zh-CN.json';

interface Texts {
  [key: string]: string | Texts;
}

const flat = (texts: Texts, prefix = ''): [string, string][] =>
  Object.entries(texts).flatMap(([key, value]) => (typeof value === 'string' ? [[prefix + key, value] as [string, string]] : flat(value, `${prefix}${key}.`)));

const PLURAL = /_(one|other)$/;
const chinese = flat(zh);
const english = flat(en);
const base = (pairs: readonly [string, string][]) => [...new Set(pairs.map(([key]) => key.replace(PLURAL, '')))].sort();
const holes = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]).sort();

function sources(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.parentPath.includes('client'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

test('both languages have the same keys', () => {
  expect(base(english)).toEqual(base(chinese));
});

test('both languages fill the same places', () => {
  const of = new Map(chinese.map(([key, text]) => [key.replace(PLURAL, ''), holes(text)]));
  for (const [key, text] of english) expect([key, holes(text)]).toEqual([key, of.get(key.replace(PLURAL, ''))]);
});

test('every text is used', () => {
  const code = sources(join(import.meta.dirname, '../../src'));
  expect(base(chinese).filter((key) => !code.includes(`'${key}'`))).toEqual([]);
});

test('no text is empty, no English stands in the Chinese except names, no half-width punctuation follows a Chinese character', () => {
  for (const [key, text] of [...chinese, ...english]) expect([key, text.trim()]).not.toEqual([key, '']);
  for (const [key, text] of chinese) expect([key, /[\u4e00-\u9fff][,;:?!]/.test(text)]).toEqual([key, false]);
  for (const [key, text] of english) if (key !== 'shell.other_language') expect([key, /[\u4e00-\u9fff]/.test(text)]).toEqual([key, false]);
});
