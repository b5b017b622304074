// What these load (Apollo Server, Fastify, sockets, the client of NATS) takes half a second of CPU, in every process and in
// every test file that imports the kit, and most of them serve nothing on their own and hear no other process.

type NatsBusModule = typeof import('./events/nats/nats-bus.js');
type ServeHealth = typeof import('./subgraph/serve-health.js');
type ServeMetrics = typeof import('./subgraph/serve-metrics.js');
type ServeSubgraph = typeof import('./subgraph/serve-subgraph.js');

export const natsBus: NatsBusModule['natsBus'] = async (...given) =>
  (await import('./events/nats/nats-bus.js')).natsBus(...given);

export const serveHealth: ServeHealth['serveHealth'] = async (...given) =>
  (await import('./subgraph/serve-health.js')).serveHealth(...given);

export const serveMetrics: ServeMetrics['serveMetrics'] = async (...given) =>
  (await import('./subgraph/serve-metrics.js')).serveMetrics(...given);

export const serveSubgraph: ServeSubgraph['serveSubgraph'] = async (...given) =>
  (await import('./subgraph/serve-subgraph.js')).serveSubgraph(...given);
