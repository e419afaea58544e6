/** Names of log files that were put aside: `audit-2026-11-21T01-02-03.000.log` for `audit.log`, as upstream names them. */
export function backupName(file: string, nowMs: number): string {
  const { stem, extension } = partsOf(file);
  return `${stem}-${new Date(nowMs).toISOString().slice(0, 23).replaceAll(':', '-')}${extension}`;
}

export interface RotationLimits {
  /** 0: as many as there are. */
  readonly maxBackups: number;
  /** 0: for ever. */
  readonly maxAgeDays: number;
}

const DAY_MS = 86_400_000;
const STAMP = /^(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d\.\d{3})$/;

export const COMPRESSED = '.gz';

/** Which of the directory's files are backups beyond the limits, compressed or not. */
export function obsoleteBackups(
  file: string,
  names: readonly string[],
  nowMs: number,
  { maxBackups, maxAgeDays }: RotationLimits,
): string[] {
  const backups = names
    .map((name) => ({ name, atMs: takenAt(file, name) }))
    .filter((backup): backup is { name: string; atMs: number } => backup.atMs !== undefined);
  // While one is being compressed it is there twice.
  const times = [...new Set(backups.map(({ atMs }) => atMs))].sort((a, b) => b - a);
  const kept = new Set(maxBackups > 0 ? times.slice(0, maxBackups) : times);
  return backups.filter(({ atMs }) => !kept.has(atMs) || (maxAgeDays > 0 && nowMs - atMs > maxAgeDays * DAY_MS)).map(({ name }) => name);
}

function takenAt(file: string, name: string): number | undefined {
  const { stem, extension } = partsOf(file);
  const plain = name.endsWith(COMPRESSED) ? name.slice(0, -COMPRESSED.length) : name;
  if (!plain.startsWith(`${stem}-`) || !plain.endsWith(extension)) return undefined;
  const match = STAMP.exec(plain.slice(stem.length + 1, plain.length - extension.length));
  const atMs = match ? Date.parse(`${match[1]}${match[2]}:${match[3]}:${match[4]}Z`) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : atMs;
}

function partsOf(file: string): { stem: string; extension: string } {
  const dot = file.lastIndexOf('.');
  return dot > 0 ? { stem: file.slice(0, dot), extension: file.slice(dot) } : { stem: file, extension: '' };
}
