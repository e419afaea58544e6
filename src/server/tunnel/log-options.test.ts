import { describe, expect, it } from 'vitest';
import { checkLogOptions } from './log-options.ts';

const check = (query: string) => () => checkLogOptions(new URLSearchParams(query), 'p');
const INVALID = 'PodLogOptions "p" is invalid: ';

describe('what a log is asked for', () => {
  it.each(['', 'tailLines=0', 'tailLines=&limitBytes=1&sinceSeconds=1', 'sinceTime=2026-01-01T00:00:00Z'])('may be %s', (query) => {
    expect(check(query)).not.toThrow();
  });

  it.each([
    ['tailLines=-1', 422, `${INVALID}tailLines: Invalid value: -1: must be greater than or equal to 0`],
    ['limitBytes=0', 422, `${INVALID}limitBytes: Invalid value: 0: must be greater than 0`],
    ['sinceSeconds=0', 422, `${INVALID}sinceSeconds: Invalid value: 0: must be greater than 0`],
    [
      'sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
      422,
      `${INVALID}[]: Forbidden: at most one of \`sinceTime\` or \`sinceSeconds\` may be specified`,
    ],
    ['stream=All', 422, `${INVALID}stream: Forbidden: may not be specified`],
    ['sinceTime=x', 400, 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'],
    ['tailLines=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax'],
    ['limitBytes=9223372036854775808', 400, 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
  ])('may not be %s: %i %s', (query, code, message) => {
    expect(check(query)).toThrow(expect.objectContaining({ code, message }));
  });
});
