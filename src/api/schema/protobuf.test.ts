import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../meta/status.ts';
import { decodeMessage, openEnvelope } from './protobuf.ts';
import { wireMessage } from './protobuf-fields.ts';
import { findSchema, schemaNames } from './schema.ts';

type Part = number | string | Uint8Array | readonly Part[];

const varint = (value: number): number[] => (value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))]);

/** A message of `[number, value]` pairs: numbers become varints, all else bytes. */
const message = (...fields: readonly (readonly [number, Part])[]): Uint8Array =>
  Uint8Array.from(
    fields.flatMap(([number, value]) => {
      if (typeof value === 'number') return [...varint(number * 8), ...varint(value)];
      const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : (value as Uint8Array);
      return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
    }),
  );

describe('protobuf bodies', () => {
  it('come in an envelope that says what they are', () => {
    const envelope = message([1, message([1, 'apps/v1'], [2, 'Deployment'])], [2, 'raw']);
    const { apiVersion, kind, raw } = openEnvelope(Uint8Array.from([0x6b, 0x38, 0x73, 0, ...envelope]));
    expect([apiVersion, kind, new TextDecoder().decode(raw)]).toEqual(['apps/v1', 'Deployment', 'raw']);
    expect(() => openEnvelope(message([1, 'x']))).toThrow(ApiError);
  });

  it('hold strings, numbers, lists, maps and messages', () => {
    const port = message([1, 'http'], [3, 8080], [4, 'TCP']);
    const quantity = message([1, '100m']);
    const resources = message([2, message([1, 'cpu'], [2, quantity])]);
    const container = message([1, 'c'], [3, 'sh'], [3, '-c'], [6, port], [8, resources]);
    const meta = message([1, 'p'], [2, ''], [8, message()], [11, message([1, 'app'], [2, 'x'])]);
    expect(decodeMessage(message([1, meta], [2, message([2, container], [11, 0])]), 'Pod')).toEqual({
      metadata: { name: 'p', labels: { app: 'x' } },
      spec: {
        containers: [
          {
            name: 'c',
            command: ['sh', '-c'],
            ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
            resources: { requests: { cpu: '100m' } },
          },
        ],
      },
    });
  });

  it('keep zero where it means something, and drop it where it means absent', () => {
    const spec = message([1, 0], [5, 0], [7, 0]);
    expect(decodeMessage(message([2, spec]), 'Deployment')).toEqual({ spec: { replicas: 0 } });
  });

  it('take fields of inlined messages as the object’s own', () => {
    const volume = message([1, 'v'], [2, message([2, message()])]);
    expect(decodeMessage(message([1, volume]), 'PodSpec')).toEqual({ volumes: [{ name: 'v', emptyDir: {} }] });
  });

  it('read times, bytes and numbers or names', () => {
    expect(decodeMessage(message([2, message([1, 'k'], [2, 'hi'])]), 'Secret')).toEqual({ data: { k: btoa('hi') } });
    expect(decodeMessage(message([1, message([9, message([1, 1_767_225_600])])]), 'Pod')).toEqual({
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
    });
    const named = message([3, 80], [4, message([1, 1], [3, 'web'])]);
    const numbered = message([3, 81], [4, message([1, 0], [2, 8080])]);
    expect(decodeMessage(message([1, named], [1, numbered]), 'ServiceSpec')).toEqual({
      ports: [
        { port: 80, targetPort: 'web' },
        { port: 81, targetPort: 8080 },
      ],
    });
  });

  it('of random bytes are refused or read, and never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeMessage(bytes, 'Pod');
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
    );
  });
});

it('every field of a message with numbers has one', () => {
  for (const name of schemaNames()) {
    const message = wireMessage(name);
    if (!message) continue;
    const numbered = new Set<string>();
    const collect = (part: typeof message) => {
      for (const field of part.fields.values()) numbered.add(field.name);
      for (const inner of part.inline.values()) collect(inner);
    };
    collect(message);
    const fields = [...(findSchema(name)?.fields.keys() ?? [])].filter((field) => field !== 'apiVersion' && field !== 'kind');
    expect([name, fields.filter((field) => !numbered.has(field))]).toEqual([name, []]);
  }
});
