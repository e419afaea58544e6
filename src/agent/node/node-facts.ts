import { readdir, readFile, statfs } from 'node:fs/promises';
import { type Machine, readMachine } from '../host/machine.ts';

/** The machine as a Node shows it. */
export interface NodeFacts extends Omit<Machine, 'hostname'> {
  /** Size of the file system that pods' data lies on. */
  storageBytes: number;
  /** Bytes of pre-allocated pages by page size in bytes. */
  hugePages: Readonly<Record<number, number>>;
}

/** `dir`: on the file system that pods' data lies on. */
export async function readNodeFacts(dir: string): Promise<NodeFacts> {
  const [machine, fs, pages] = await Promise.all([readMachine(), statfs(dir), readHugePages()]);
  return { ...machine, storageBytes: fs.blocks * fs.bsize, hugePages: pages };
}

const HUGE_PAGES = '/sys/kernel/mm/hugepages';

async function readHugePages(): Promise<Record<number, number>> {
  const names = await readdir(HUGE_PAGES).catch(() => []);
  const entries = names.map(async (name): Promise<[number, number]> => {
    const pageBytes = Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0) * 1024;
    return [pageBytes, Number(await readFile(`${HUGE_PAGES}/${name}/nr_hugepages`, 'utf8')) * pageBytes];
  });
  return Object.fromEntries((await Promise.all(entries)).filter(([pageBytes]) => pageBytes > 0));
}
