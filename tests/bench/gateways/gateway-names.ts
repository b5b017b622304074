import { readFile } from 'node:fs/promises';

/** Where the compiled benchmark finds its packages, and the repository's gateway. */
const BENCH = new URL('../../', import.meta.url);

/** Each is a module beside this one, and the package whose version is told. */
const PACKAGE_OF = {
  ours: '../../gateway/package.json',
  'ours-bare': '../../gateway/package.json',
  'apollo-gateway': 'node_modules/@apollo/gateway/package.json',
  'apollo-gateway-undici': 'node_modules/@apollo/gateway/package.json',
  'hive-gateway': 'node_modules/@graphql-hive/gateway/package.json',
  'hive-gateway-rust': 'node_modules/@graphql-hive/gateway/package.json',
} as const;

export type GatewayName = keyof typeof PACKAGE_OF;

export const GATEWAY_NAMES = Object.keys(PACKAGE_OF) as GatewayName[];

/** Of others than us. */
export const isPeer = (name: GatewayName): boolean => !name.startsWith('ours');

/** Ours as it is deployed, and its peers. */
export const DEPLOYED_GATEWAYS: readonly GatewayName[] = GATEWAY_NAMES.filter((name) => name !== 'ours-bare');

export async function versionOf(name: GatewayName): Promise<string> {
  const text = await readFile(new URL(PACKAGE_OF[name], BENCH), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
