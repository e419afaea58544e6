import { type Document, jsonDocument } from './document.ts';

export interface BuildInfo {
  /** `v1.36.2+minik.0.1.0`: Kubernetes' version first, because clients compare it. */
  readonly gitVersion: string;
  readonly gitCommit: string;
  /** RFC 3339. */
  readonly buildDate: string;
  /** `linux/amd64`, in Go's words for both. */
  readonly platform: string;
}

/** /version: version.Info of apimachinery. There is no Go in here; its fields say what runs instead. */
export function versionDocument({ gitVersion, gitCommit, buildDate, platform }: BuildInfo): Document {
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  const previous = String(Number(minor) - 1);
  return jsonDocument(
    {
      major,
      minor,
      emulationMajor: major,
      emulationMinor: minor,
      minCompatibilityMajor: major,
      minCompatibilityMinor: previous,
      gitVersion,
      gitCommit,
      gitTreeState: 'clean',
      buildDate,
      goVersion: `node${process.versions.node}`,
      compiler: 'v8',
      platform,
    },
    { indent: 2 },
  );
}
