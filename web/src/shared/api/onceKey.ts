/** A key for a request that must happen once. Not `randomUUID`, which browsers only have in secure contexts. */
export function onceKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
}
