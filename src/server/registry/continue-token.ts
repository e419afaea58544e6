import { jsonFault } from '../../api/meta/json-fault.ts';
import { ApiError } from '../../api/meta/status.ts';
import { goBase64Fault } from '../../base/go-base64.ts';
import { badRequest } from './errors.ts';

/** Where a list goes on: after `after` (a key below the list's prefix), in the state of `revision`; -1: in whatever state there is then. */
export interface ContinueToken {
  readonly revision: number;
  readonly after: string;
  /** When the list's first page was read, in Unix milliseconds; absent in tokens that are made elsewhere. */
  readonly begunMs?: number;
}

/** Upstream compacts its history every five minutes: lists that take longer are told so even where nothing changed meanwhile. */
export const LIST_LIFE_MS = 5 * 60 * 1000;

const INCONSISTENT = -1;

/** Opaque to clients: base64url without padding. */
export const encodeContinue = ({ revision, after, begunMs }: ContinueToken): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: after, begun: begunMs })).toString('base64url');

const invalidToken = (why: string) => badRequest(`invalid continue token: continue key is not valid${why}`);

/** Throws BadRequest for what is no such token. */
export function decodeContinue(text: string): ContinueToken {
  const { v, rv, start, begun } = tokenIn(text);
  if (v !== 'meta.k8s.io/v1') {
    throw invalidToken(`: server does not recognize this encoded version ${typeof v === 'string' ? v : ''}`);
  }
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0) {
    throw invalidToken(': incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  }
  if (typeof start !== 'string' || start === '') {
    throw invalidToken(': encoded start key empty (version meta.k8s.io/v1)');
  }
  if (!isClean(start)) throw invalidToken(`: ${start}`);
  return { revision: rv, after: start, ...(typeof begun === 'number' && { begunMs: begun }) };
}

/** A key that leads out of the list's prefix is none. */
const isClean = (key: string): boolean => !key.split('/').some((part, i) => part === '.' || part === '..' || (part === '' && i > 0));

function tokenIn(text: string): { v?: unknown; rv?: unknown; start?: unknown; begun?: unknown } {
  const fault = goBase64Fault(text, 'rawUrl');
  if (fault !== undefined) throw invalidToken(`: ${fault}`);
  const bytes = Buffer.from(text, 'base64url');
  // Go names what is wrong by its byte.
  const why = jsonFault(bytes.toString('latin1'), 'bytes');
  if (why !== undefined) throw invalidToken(`: ${why}`);
  const token: unknown = JSON.parse(bytes.toString());
  return typeof token === 'object' && token !== null ? token : {};
}

/** 410 with a token that goes on from the same key in the current state. */
export function continueExpired(after: string): ApiError {
  const message =
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue ' +
    'parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token ' +
    'results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and ' +
    'now may show up in the list.';
  return new ApiError('Expired', message, { continue: encodeContinue({ revision: INCONSISTENT, after }) });
}
