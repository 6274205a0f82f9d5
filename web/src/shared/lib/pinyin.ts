/** Pinyin initials of Han characters by the browser's own collation table, for search as `dhm` → 东华门. */

const EDGES = '阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨他屲夕丫帀';
const LETTERS = 'abcdefghjklmnopqrstwxyz';
const collator = new Intl.Collator('zh-Hans-CN-u-co-pinyin');
const HAN = /\p{Script=Han}/u;

export function initialsOf(text: string): string {
  let out = '';
  for (const ch of text) {
    if (!HAN.test(ch)) {
      if (ch.trim()) out += ch.toLowerCase();
      continue;
    }
    let at = EDGES.length - 1;
    while (at > 0 && collator.compare(ch, EDGES[at]!) < 0) at--;
    out += LETTERS[at] ?? '';
  }
  return out;
}

/** True when the query is in the name, the code, or the initials of the name. */
export function matches(query: string, name: string, code: string | null): boolean {
  const q = query.trim().toLowerCase();
  if (!q) return true;
  return name.toLowerCase().includes(q) || (code ?? '').toLowerCase().includes(q.replaceAll(' ', '')) || initialsOf(name).includes(q.replaceAll(' ', ''));
}
