/** The environment without MINIK_*, which minik would take for settings. */
export const withoutMinikSettings = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MINIK_')));

/** Address of the node, which is also where the API server listens. */
export const nodeAddress = (): string => process.env.MINIK_E2E_NODE_IP ?? '';
