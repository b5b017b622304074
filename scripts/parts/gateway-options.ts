import type { GatewayOptions, SupergraphConfig } from '@inevitable/gateway';
import type { Settings } from '../settings/settings.js';
import { trustedDocumentsOf } from './trusted-documents.js';

export const DEFAULT_GATEWAY_PORT = 8080;

/** What the settings and supergraph.yaml say of a gateway with authentication, in one process with its subgraphs or apart. */
export const gatewayOptions = (settings: Settings, { protection, products }: SupergraphConfig) =>
  ({
    host: settings.host,
    port: settings.port ?? DEFAULT_GATEWAY_PORT,
    deployment: settings.deployment,
    slowConsumer: settings.slowConsumer,
    trustedProxies: settings.trustedProxies,
    httpsRequired: settings.httpsRequired,
    certificate: settings.certificate,
    corsRules: settings.corsRules,
    limits: protection.limits,
    introspection: settings.introspection,
    trustedDocuments: trustedDocumentsOf(settings),
    concurrency: protection.concurrency,
    connections: protection.connections,
    subscriptions: protection.subscriptions,
    shedding: protection.shedding,
    products: products.values(),
    stopDelayMs: settings.stopDelayMs,
  }) satisfies Partial<GatewayOptions>;
