import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { AuditBackend, AuditMode } from './backend.ts';
import { backupName, COMPRESSED, obsoleteBackups, type RotationLimits } from './rotation-plan.ts';

export interface AuditLogOptions extends RotationLimits {
  /** Absolute, or `-`: to `stdout`. */
  readonly path: string;
  /** Greatest size of the file before it is put aside; 0: it is never put aside. */
  readonly maxBytes: number;
  /** What was put aside is compressed. */
  readonly compress?: boolean | undefined;
  readonly mode: AuditMode;
  readonly stdout: Writable;
  readonly clock: Clock;
  readonly log: Logger;
}

/** In the mode `batch` a crash loses the events of at most this time. */
const FLUSH_MS = 50;
const BATCH_CHARACTERS = 256 * 1024;
/** Events that wait for a disk; those beyond are lost rather than memory. */
const WAITING_CHARACTERS = 32 * 1024 * 1024;

interface Target {
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens the log. What is written to it gets there with what else comes meanwhile; what comes while the disk is too slow for too long is lost. Rejects when it cannot be written. */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditBackend> {
  const target = options.path === '-' ? streamTarget(options.stdout) : await RotatedFile.open(options);
  return new BatchedLog(target, options);
}

interface Waiting {
  readonly line: string;
  /** Told whether it was written. */
  readonly told: (written: boolean) => void;
}

const nobody = () => {};

class BatchedLog implements AuditBackend {
  readonly blocks: boolean;
  readonly #strict: boolean;
  readonly #target: Target;
  readonly #clock: Clock;
  readonly #log: Logger;
  #waiting: Waiting[] = [];
  #characters = 0;
  #timer: Disposable | undefined;
  #writing: Promise<void> | undefined;
  #dropped = 0;

  constructor(target: Target, { mode, clock, log }: Pick<AuditLogOptions, 'mode' | 'clock' | 'log'>) {
    this.blocks = mode !== 'batch';
    this.#strict = mode === 'blocking-strict';
    this.#target = target;
    this.#clock = clock;
    this.#log = log;
  }

  get errors() {
    return { log: this.#dropped };
  }

  write(line: string): Promise<boolean> | undefined {
    if (this.#characters + line.length > WAITING_CHARACTERS) {
      if (this.#dropped === 0) this.#log.error({}, 'the audit log cannot be written fast enough: events are lost');
      this.#dropped += 1;
      return this.blocks ? Promise.resolve(!this.#strict) : undefined;
    }
    this.#characters += line.length;
    if (!this.blocks) {
      this.#waiting.push({ line, told: nobody });
      if (this.#characters >= BATCH_CHARACTERS) this.#flush();
      else this.#timer ??= this.#clock.timer(FLUSH_MS, () => this.#flush());
      return undefined;
    }
    const written = new Promise<boolean>((told) => this.#waiting.push({ line, told }));
    this.#flush();
    return written.then((is) => is || !this.#strict);
  }

  async close(): Promise<void> {
    while (this.#waiting.length > 0 || this.#writing) {
      this.#flush();
      await this.#writing;
    }
    await this.#target.close();
  }

  #flush(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#writing || this.#waiting.length === 0) return;
    const batch = this.#takeBatch();
    this.#writing = this.#append(batch).then(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0) this.#flush();
    });
  }

  /** Not all at once, so that a file does not grow far beyond its limit. */
  #takeBatch(): Waiting[] {
    let characters = 0;
    const end = this.#waiting.findIndex(({ line }) => {
      characters += line.length;
      return characters > BATCH_CHARACTERS;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : Math.max(end, 1));
  }

  async #append(batch: readonly Waiting[]): Promise<void> {
    let written = true;
    try {
      await this.#target.append(batch.map(({ line }) => `${line}\n`).join(''));
    } catch (error) {
      written = false;
      this.#dropped += batch.length;
      this.#log.error({ error, events: batch.length }, 'the audit log cannot be written');
    }
    this.#characters -= batch.reduce((sum, { line }) => sum + line.length, 0);
    for (const { told } of batch) told(written);
  }
}

const streamTarget = (stream: Writable): Target => ({
  append: (text) => new Promise((resolve, reject) => stream.write(text, (error) => (error ? reject(error) : resolve()))),
  close: async () => {},
});

class RotatedFile implements Target {
  readonly #options: AuditLogOptions;
  #file: FileHandle;
  #size: number;
  #compressing: Promise<void> | undefined;

  private constructor(options: AuditLogOptions, file: FileHandle, size: number) {
    this.#options = options;
    this.#file = file;
    this.#size = size;
  }

  static async open(options: AuditLogOptions): Promise<RotatedFile> {
    // Not recursive: node never ends making directories below /proc.
    await mkdir(dirname(options.path), { mode: 0o700 }).catch(ignoreExisting);
    const file = await openToAppend(options.path);
    return new RotatedFile(options, file, (await file.stat()).size);
  }

  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    const { maxBytes } = this.#options;
    if (maxBytes > 0 && this.#size > 0 && this.#size + bytes.length > maxBytes) await this.#rotate();
    await this.#file.appendFile(bytes);
    this.#size += bytes.length;
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#compressing;
  }

  async #rotate(): Promise<void> {
    const { path, clock, compress, log } = this.#options;
    const directory = dirname(path);
    const backup = join(directory, backupName(basename(path), clock.now()));
    await this.#file.close();
    await rename(path, backup).finally(async () => {
      this.#file = await openToAppend(path);
      this.#size = (await this.#file.stat()).size;
    });
    const obsolete = obsoleteBackups(basename(path), await readdir(directory), clock.now(), this.#options);
    await Promise.all(obsolete.map((name) => rm(join(directory, name), { force: true })));
    if (!compress) return;
    // One at a time, and nobody waits for it but the end of the process.
    this.#compressing = Promise.resolve(this.#compressing)
      .then(() => compressed(backup))
      .catch((error: NodeJS.ErrnoException) => {
        // Many may come after it before it is its turn, and it is removed.
        if (error.code !== 'ENOENT') log.warn({ error: error.message, file: backup }, 'an audit log that was put aside was not compressed');
      });
  }
}

/** In place of the file, once it is whole. */
async function compressed(path: string): Promise<void> {
  const unfinished = `${path}${COMPRESSED}.tmp`;
  await pipeline(createReadStream(path), createGzip(), createWriteStream(unfinished, { mode: 0o600 }));
  await rename(unfinished, `${path}${COMPRESSED}`);
  await rm(path);
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** What was asked and answered is nobody else's business. */
const openToAppend = (path: string): Promise<FileHandle> => open(path, 'a', 0o600);
