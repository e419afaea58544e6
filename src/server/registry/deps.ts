import type { FieldError } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { AdmissionRequest, RequestContext, UserInfo } from '../ports.ts';
import type { Resources } from './resources.ts';
import type { KeyTurns } from './turns.ts';

/** The structural schemas' walks (src/api/schema), by the definition's schema name. */
export interface SchemaWalks {
  /** Brings the draft into its stored form; answers with findings such as `unknown field "spec.foo"`. */
  prune(draft: KubeObject, schema: string): readonly string[];
  validate(object: KubeObject, schema: string): readonly FieldError[];
  /** Sets the zero values that upstream shows although nobody set them. */
  showZeros(draft: KubeObject, schema: string): void;
}

/** What admission/chain.ts offers. Plugins throw ApiError to refuse. */
export interface Admission {
  mutate(request: AdmissionRequest): Promise<void>;
  validate(request: AdmissionRequest): Promise<void>;
  /** The request is over, whether its object was stored or not. */
  settled(request: AdmissionRequest): void;
  /** May admission of such a request wait for somebody outside? Then nobody else is kept waiting for its end. */
  callsOut(operation: AdmissionRequest['operation'], request: ApiRequest): boolean;
}

/** A claim on something outside the object: addresses and ports of a Service. Ends in exactly one of the two. */
export interface Claim {
  /** Before the object is written, unless it is a dry run: writes down elsewhere what was claimed. Throws ApiError when another server was quicker. */
  secure(): Promise<void>;
  commit(): Promise<void>;
  /** Gives back what was claimed: the write failed or was a dry run. */
  release(): Promise<void>;
}

/** Fills fields of a draft from a pool, just before the write. Throws ApiError Invalid when a wanted value is taken. */
export interface Allocator {
  /** `dryRun`: what is claimed is given back. */
  claim(draft: KubeObject, old: KubeObject | undefined, dryRun: boolean): Claim;
  /** The object is gone. */
  removed(last: KubeObject): Promise<void>;
}

/** A write, as it will be stored. */
export interface OutsideQuestion {
  readonly request: ApiRequest;
  readonly user: UserInfo;
  readonly subresource: string;
  readonly object: KubeObject;
  /** Absent at creation. */
  readonly old: KubeObject | undefined;
}

/** Findings that need more than the object: who may do what, or what other objects say. They are reported together with those of the kind's own checks. */
export type OutsideCheck = (question: OutsideQuestion) => Promise<readonly FieldError[]> | readonly FieldError[];

/** What the writer of an object is told that only more than the kind's own code can know. */
export type OutsideWarnings = (object: KubeObject) => readonly string[];

export interface RegistryDeps {
  readonly resources: Resources;
  readonly schemas: SchemaWalks;
  readonly admission: Admission;
  /** By resource id. */
  readonly allocators: Readonly<Record<string, Allocator>>;
  /** By resource id. */
  readonly outsideChecks: Readonly<Record<string, OutsideCheck>>;
  /** By resource id. */
  readonly outsideWarnings: Readonly<Record<string, OutsideWarnings>>;
  /** Of everything that changes what is stored already, by the store's key. */
  readonly turns: KeyTurns;
  /** May this user create the object that his update or apply found missing? Throws Forbidden. */
  readonly authorizeCreate: (request: ApiRequest, context: RequestContext) => Promise<void>;
  /** A watch that does not say how long it lasts lasts up to twice as long as this; 0: for ever. Absent: half an hour. */
  readonly shortestWatchSeconds?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly newUid: () => string;
  readonly log: Logger;
}
