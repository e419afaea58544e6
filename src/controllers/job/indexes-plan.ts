/** `1,3-5,7` as a set: the compact form in which a Job's status lists indexes. Those from `completions` on do not count. */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>();
  for (const part of text ? text.split(',') : []) {
    const [first = 0, last = first] = part.split('-').map(Number);
    for (let index = first; index <= last && index < completions; index += 1) indexes.add(index);
  }
  return indexes;
}

/** The inverse of parseIndexes. Two neighbours are written apart (`1,2`), three or more as a range (`1-3`). */
export function formatIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end += 1;
    if (end - start > 1) parts.push(`${sorted[start]}-${sorted[end]}`);
    else parts.push(...sorted.slice(start, end + 1).map(String));
    start = end + 1;
  }
  return parts.join(',');
}
