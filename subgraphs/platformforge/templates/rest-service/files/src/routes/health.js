const state = {
  type: 'object',
  required: ['ready', 'reason'],
  properties: { ready: { type: 'boolean' }, reason: { type: ['string', 'null'] } },
};

/** `/health`: the process lives. `/ready`: send requests here; not while it stops. */
export async function healthRoutes(server, { isReady }) {
  server.get(
    '/health',
    { schema: { summary: 'Whether the process lives', response: { 200: { description: 'It does.', ...state } } } },
    async () => ({ ready: isReady(), reason: isReady() ? null : 'stopping' }),
  );
  server.get(
    '/ready',
    {
      schema: {
        summary: 'Whether to send requests here',
        response: { 200: { description: 'Yes.', ...state }, 503: { description: 'Not now.', ...state } },
      },
    },
    async (_request, reply) => {
      const ready = isReady();
      return reply.code(ready ? 200 : 503).send({ ready, reason: ready ? null : 'stopping' });
    },
  );
}
