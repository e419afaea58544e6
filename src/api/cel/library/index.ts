import { type FunctionTable, functionTable, type Overload } from '../overloads.ts';
import { authorization } from './authorization.ts';
import { conversions, optionals } from './conversions.ts';
import { formats } from './formats.ts';
import { jsonPatches } from './json-patch.ts';
import { lists, sets } from './lists.ts';
import { network } from './network.ts';
import { operators } from './operators.ts';
import { quantities } from './quantity.ts';
import { semvers } from './semver.ts';
import { regexes, strings } from './strings.ts';
import { times } from './times.ts';
import { urls } from './url.ts';

const base: readonly (readonly Overload[])[] = [
  operators,
  conversions,
  optionals,
  strings,
  regexes,
  lists,
  sets,
  times,
  urls,
  network,
  quantities,
  semvers,
  formats,
  authorization,
];

/** What expressions of Kubernetes 1.36 may call (apiserver, cel/environment): no more, so that what works here works there. */
export const kubernetesFunctions: FunctionTable = functionTable(...base);
export const mutationFunctions: FunctionTable = functionTable(...base, jsonPatches);
