import { describe, expect, it } from 'vitest';
/** Bodies that kubectl 1.33 sent, and what the same command prints with `--dry-run=client -o json` (without nulls). */
import captured from './golden/kubectl-1.33.json' with { type: 'json' };
import { decodeProtobuf } from './index.ts';

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

describe('what kubectl sends', () => {
  it.each(captured)('$command', ({ protobuf, json }) => {
    expect(decodeProtobuf(bytesOf(protobuf))).toEqual(json);
  });
});
