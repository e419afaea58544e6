import type { LimitRange } from '../schema/generated/types.ts';

/** For containers: the default limit is the maximum, the default request is the default limit, else the minimum. */
export function defaultLimitRange({ spec }: LimitRange): void {
  for (const item of spec?.limits ?? []) {
    if (item.type !== 'Container') continue;
    item.default = { ...item.max, ...item.default };
    item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
  }
}
