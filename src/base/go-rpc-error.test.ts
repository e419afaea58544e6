import { expect, it } from 'vitest';
import { goRpcError } from './go-rpc-error.ts';

it.each([
  [2, 'rpc error: code = Unknown desc = x'],
  [4, 'rpc error: code = DeadlineExceeded desc = x'],
  [14, 'rpc error: code = Unavailable desc = x'],
  [16, 'rpc error: code = Unauthenticated desc = x'],
  [17, 'rpc error: code = Code(17) desc = x'],
])('status %i is worded as Go does', (code, text) => expect(goRpcError(code, 'x')).toBe(text));
