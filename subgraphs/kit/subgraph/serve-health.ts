import { checkHealth, healthStatusCode, type HealthCheck } from '@inevitable/contract';
import Fastify, { type FastifyInstance } from 'fastify';
import { AddressUnavailable } from './address-unavailable.js';

/** Listens and answers the URL. `setting`: what names the port. Throws `AddressUnavailable`. */
export async function listen(app: FastifyInstance, host: string, port: number, setting = 'PORT'): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    await app.close();
    if (code === 'EADDRINUSE')
      throw new AddressUnavailable(
        `Port ${port} on ${host} is in use. Stop what uses it, or choose another with ${setting}.`,
      );
    throw new AddressUnavailable(
      `Cannot listen on ${host}:${port} (${code ?? (error as Error).message}). Choose another with HOST and ${setting}.`,
    );
  }
  const address = app.server.address() as { port: number };
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

/** `/live` while the process runs, `/ready` and `/health` with each part and its reason. Open to probes. */
export function registerHealth(app: FastifyInstance, checks: Readonly<Record<string, HealthCheck>>): void {
  app.get('/live', () => ({ status: 'live' }));
  for (const path of ['/ready', '/health']) {
    app.get(path, async (_request, reply) => {
      const report = await checkHealth(checks);
      return reply.code(healthStatusCode(report)).send(report);
    });
  }
}

/** A server with nothing but health, for a process that serves nothing else. */
export async function serveHealth(
  { host, port }: { readonly host: string; readonly port: number },
  checks: Readonly<Record<string, HealthCheck>>,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const app = Fastify();
  registerHealth(app, checks);
  const url = await listen(app, host, port);
  return { url, close: () => app.close() };
}
