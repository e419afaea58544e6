import { type FunctionTable, functionTable } from '../overloads.ts';
import { conversions, optionals } from './conversions.ts';
import { operators } from './operators.ts';

/** What expressions of Kubernetes 1.36 may call. */
export const kubernetesFunctions: FunctionTable = functionTable(operators, conversions, optionals);
