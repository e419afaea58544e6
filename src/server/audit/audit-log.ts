import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { AuditBackend } from './backend.ts';
import { backupName, obsoleteBackups, type RotationLimits } from './rotation-plan.ts';

export interface AuditLogOptions extends RotationLimits {
  /** Absolute, or `-`: to `stdout`. */
  readonly path: string;
  /** Greatest size of the file before it is put aside; 0: it is never put aside. */
  readonly maxBytes: number;
  readonly stdout: Writable;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A crash loses the events of at most this time. */
const FLUSH_MS = 50;
const BATCH_CHARACTERS = 256 * 1024;
/** Events that wait for a disk; those beyond are lost rather than memory. */
const WAITING_CHARACTERS = 32 * 1024 * 1024;

interface Target {
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens the log. What is written to it gets there soon, with others; what comes while the disk is too slow for too long is lost. Rejects when it cannot be written. */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditBackend> {
  const target = options.path === '-' ? streamTarget(options.stdout) : await RotatedFile.open(options);
  return new BatchedLog(target, options);
}

class BatchedLog implements AuditBackend {
  readonly blocks = false;
  readonly #target: Target;
  readonly #clock: Clock;
  readonly #log: Logger;
  #waiting: string[] = [];
  #characters = 0;
  #timer: Disposable | undefined;
  #writing: Promise<void> | undefined;
  #dropped = 0;

  constructor(target: Target, { clock, log }: Pick<AuditLogOptions, 'clock' | 'log'>) {
    this.#target = target;
    this.#clock = clock;
    this.#log = log;
  }

  get errors() {
    return { log: this.#dropped };
  }

  write(line: string): undefined {
    if (this.#characters + line.length > WAITING_CHARACTERS) {
      if (this.#dropped === 0) this.#log.error({}, 'the audit log cannot be written fast enough: events are lost');
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line);
    this.#characters += line.length;
    if (this.#characters >= BATCH_CHARACTERS) this.#flush();
    else this.#timer ??= this.#clock.timer(FLUSH_MS, () => this.#flush());
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
    const lines = this.#takeBatch();
    this.#writing = this.#append(lines).then(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0) this.#flush();
    });
  }

  /** Not all at once, so that a file does not grow far beyond its limit. */
  #takeBatch(): string[] {
    let characters = 0;
    const end = this.#waiting.findIndex((line) => {
      characters += line.length;
      return characters > BATCH_CHARACTERS;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : Math.max(end, 1));
  }

  async #append(lines: readonly string[]): Promise<void> {
    try {
      await this.#target.append(`${lines.join('\n')}\n`);
    } catch (error) {
      this.#dropped += lines.length;
      this.#log.error({ error, events: lines.length }, 'the audit log cannot be written');
    }
    this.#characters -= lines.reduce((sum, line) => sum + line.length, 0);
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

  close(): Promise<void> {
    return this.#file.close();
  }

  async #rotate(): Promise<void> {
    const { path, clock } = this.#options;
    const directory = dirname(path);
    await this.#file.close();
    await rename(path, join(directory, backupName(basename(path), clock.now()))).finally(async () => {
      this.#file = await openToAppend(path);
      this.#size = (await this.#file.stat()).size;
    });
    const obsolete = obsoleteBackups(basename(path), await readdir(directory), clock.now(), this.#options);
    await Promise.all(obsolete.map((name) => rm(join(directory, name), { force: true })));
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

/** What was asked and answered is nobody else's business. */
const openToAppend = (path: string): Promise<FileHandle> => open(path, 'a', 0o600);
