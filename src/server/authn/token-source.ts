import { goAggregate } from '../../base/go-aggregate.ts';
import type { UserInfo } from '../ports.ts';

/**
 * What one kind of token says: whom the token stands for and for which of the asked audiences, why it does not hold, or undefined: it is of
 * another kind.
 */
export type TokenVerdict = { readonly user: UserInfo; readonly audiences: readonly string[] } | { readonly error: string } | undefined;

/** One kind of bearer token. `audiences` are those that the asker answers to. */
export type TokenSource = (token: string, audiences: readonly string[]) => TokenVerdict | Promise<TokenVerdict>;

/** The first source that knows the token decides; refusals of all are gathered, as upstream's union does. `sources` are those of the moment. */
export function firstOf(sources: () => readonly TokenSource[]): TokenSource {
  return async (token, audiences) => {
    const errors: string[] = [];
    for (const source of sources()) {
      const verdict = await source(token, audiences);
      if (verdict && 'user' in verdict) return verdict;
      if (verdict) errors.push(verdict.error);
    }
    if (errors.length === 0) return undefined;
    return { error: goAggregate(['invalid bearer token', ...errors]) };
  };
}

/** Go's %q of a list of strings, as upstream's messages show audiences. */
export const quoted = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;

/** The refusal of a token for others. */
export const wrongAudience = (token: readonly string[], target: readonly string[]): { readonly error: string } => ({
  error: `token audiences ${quoted(token)} is invalid for the target audiences ${quoted(target)}`,
});
