import { readFile, rename, rm, writeFile } from 'node:fs/promises';

/** What we remember of a containerd that we started, to find it again after we were killed. */
export interface PidRecord {
  pid: number;
  startTime: string;
  binary: string;
  /** The configuration text that it was started with. */
  config: string;
}

/** Undefined when there is none, or none that can be read. */
export async function readPidRecord(path: string): Promise<PidRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as Partial<PidRecord>;
    if (typeof record.pid !== 'number' || typeof record.startTime !== 'string') return undefined;
    return { pid: record.pid, startTime: record.startTime, binary: record.binary ?? '', config: record.config ?? '' };
  } catch {
    return undefined;
  }
}

export async function writePidRecord(path: string, record: PidRecord): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export const removePidRecord = (path: string): Promise<void> => rm(path, { force: true });
