const NEWLINE = 10;

/** Whole lines out of the parts of a stream: each is one event of a watch. */
export function eventLines(onLine: (line: Buffer) => void): (part: Buffer) => void {
  let held: Buffer[] = [];
  return (part) => {
    let from = 0;
    for (let end = part.indexOf(NEWLINE); end >= 0; end = part.indexOf(NEWLINE, from)) {
      const line = part.subarray(from, end);
      onLine(held.length > 0 ? Buffer.concat([...held, line]) : line);
      held = [];
      from = end + 1;
    }
    if (from < part.length) held.push(Buffer.from(part.subarray(from)));
  };
}
