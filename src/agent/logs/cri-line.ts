/** One line of a container's log as CRI runtimes write it: `<RFC 3339 nano> <stdout|stderr> <P|F> <text>`. */
export interface CriLine {
  readonly timestamp: string;
  readonly stream: 'stdout' | 'stderr';
  /** P: the runtime cut a long line here; the text goes on in the next entry. */
  readonly partial: boolean;
  readonly text: Buffer;
}

const SPACE = 0x20;

/** undefined for a line that is not of this form. The line comes without its newline. */
export function parseCriLine(line: Buffer): CriLine | undefined {
  const first = line.indexOf(SPACE);
  const second = line.indexOf(SPACE, first + 1);
  if (first < 0 || second < 0) return undefined;
  const stream = line.toString('latin1', first + 1, second);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const third = line.indexOf(SPACE, second + 1);
  const tags = line.toString('latin1', second + 1, third < 0 ? line.length : third).split(':');
  if (tags[0] !== 'P' && tags[0] !== 'F') return undefined;
  return {
    timestamp: line.toString('latin1', 0, first),
    stream,
    partial: tags[0] === 'P',
    text: third < 0 ? Buffer.alloc(0) : line.subarray(third + 1),
  };
}
