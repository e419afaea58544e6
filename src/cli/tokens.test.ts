import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rfc3339 } from '../base/clock.ts';
import { bootstrapTokenSecret } from '../server/authn/bootstrap-token.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { textTable } from './text-table.ts';
import { tokenRows } from './token-rows.ts';

const NOW = Date.UTC(2026, 0, 1);
const secret = (id: string, options = {}) => bootstrapTokenSecret({ id, secret: '0123456789abcdef' }, options);

describe('the list of tokens', () => {
  it('shows id, time left and description, never the secret part', () => {
    const rows = tokenRows(
      [
        secret('ccc333', { expiresMs: NOW + 5_400_000, description: 'rack 2' }),
        secret('aaa111'),
        secret('bbb222', { expiresMs: NOW - 1 }),
        { ...secret('ddd444'), type: 'Opaque' },
      ],
      NOW,
    );
    expect(rows).toEqual([
      ['aaa111', '<forever>', '<none>'],
      ['bbb222', '<expired>', '<none>'],
      ['ccc333', '1h30m', 'rack 2'],
    ]);
  });

  it('takes an expiration that is no time for past', () => {
    const odd = secret('aaa111', { expiresMs: NOW + 1000 });
    const data = { ...odd.data, expiration: Buffer.from(`${rfc3339(NOW)}x`).toString('base64') };
    expect(tokenRows([{ ...odd, data }], NOW)[0]?.[1]).toBe('<expired>');
  });

  it('stands in columns', () => {
    expect(
      textTable(
        ['ID', 'TTL'],
        [
          ['aaa111', '1h'],
          ['b', ''],
        ],
      ),
    ).toBe('ID       TTL\naaa111   1h\nb\n');
  });
});

describe('durations', () => {
  it.each([
    ['24h', 86_400_000],
    ['1h30m', 5_400_000],
    ['90s', 90_000],
    ['0', 0],
  ])('%s is understood', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', 'h', '1', '1d', '-1h', '1h 30m', '30m1h', '1.5h'])('%j is refused', (text) => expect(parseDuration(text)).toBeUndefined());

  it('are shown in their two largest units', () => {
    expect([0, 59_999, 300_000, 86_340_000, 183_600_000].map(formatDuration)).toEqual(['0s', '59s', '5m0s', '23h59m', '2d3h']);
  });

  it('below a day lose less than their second unit when shown', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 86_399_999 }), (ms) => {
        const shown = parseDuration(formatDuration(ms));
        expect(shown).toBeLessThanOrEqual(ms);
        expect(ms - (shown ?? 0)).toBeLessThan(60_000);
      }),
    );
  });
});
