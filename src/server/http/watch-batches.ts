import type { WatchItem } from '../registry/watch.ts';
import { copyPart, lengthOf, type Part } from './pieces.ts';

/** One event in its bytes: a line of JSON, or a frame of protobuf. */
export type EventWriter = (item: WatchItem) => readonly Part[];

/** Whole events, joined. */
export interface Piece {
  /** As one chunk of HTTP/1.1, its length before it. */
  readonly chunk: Buffer;
  readonly bytes: Buffer;
}

/** What a watch sends at once. */
export interface Batch {
  readonly pieces: readonly Piece[];
  /** Bytes of each event. */
  readonly sizes: readonly number[];
}

interface Shared extends Batch {
  readonly form: string;
  readonly items: readonly WatchItem[];
}

/** Events are joined up to this size; what is larger by itself is a piece of its own. */
const PIECE_BYTES = 64 * 1024;
/** Batches that the next watcher may send as well. A commit wakes all watchers of a kind in the same turn, so few are needed. */
const KEPT = 8;
const CRLF = '\r\n';

/**
 * Batches as they were written for the watchers before: a hundred watchers of one kind send the same bytes, each by one call that copies nothing. (A list of
 * parts costs each of them the joining, in memory that is new every time: half of what a burst of events took.)
 */
export class WatchBatches {
  readonly #kept: Shared[] = [];
  #next = 0;

  /** `form`: what beside the items decides on the bytes; null when other things do. */
  of(form: string | null, items: readonly WatchItem[], write: EventWriter): Batch {
    if (form === null) return joined(items, write);
    const known = this.#kept.find((batch) => batch.form === form && sameItems(batch.items, items));
    if (known) return known;
    const batch = joined(items, write);
    if (batch.pieces.length === 1) {
      this.#kept[this.#next] = { ...batch, form, items };
      this.#next = (this.#next + 1) % KEPT;
    }
    return batch;
  }
}

/** A revision of an object is one item of the cache, whoever watches it. Bookmarks and errors are made for one watcher. */
function sameItems(a: readonly WatchItem[], b: readonly WatchItem[]): boolean {
  return a.length === b.length && a.every((one, i) => sameItem(one, b[i] as WatchItem));
}

const sameItem = (a: WatchItem, b: WatchItem) => 'item' in a && 'item' in b && a.item === b.item && a.type === b.type;

function joined(items: readonly WatchItem[], write: EventWriter): Batch {
  const pieces: Piece[] = [];
  const sizes: number[] = [];
  let parts: Part[] = [];
  let length = 0;
  const close = () => {
    if (length > 0) pieces.push(pieceOf(parts, length));
    parts = [];
    length = 0;
  };
  for (const item of items) {
    const event = write(item);
    const size = lengthOf(event);
    if (length + size > PIECE_BYTES) close();
    parts.push(...event);
    length += size;
    sizes.push(size);
  }
  close();
  return { pieces, sizes };
}

function pieceOf(parts: readonly Part[], length: number): Piece {
  const head = length.toString(16) + CRLF;
  const chunk = Buffer.allocUnsafeSlow(head.length + length + CRLF.length);
  let at = chunk.write(head, 'latin1');
  for (const part of parts) {
    copyPart(part, chunk, at);
    at += part.length;
  }
  chunk.write(CRLF, at, 'latin1');
  return { chunk, bytes: chunk.subarray(head.length, at) };
}
