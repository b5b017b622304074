/** Gathers routes as they are declared, so that the document cannot say something else than the server does. */
export function collectRoutes(server) {
  const routes = [];
  server.addHook('onRoute', ({ method, url, schema }) => {
    if (method !== 'HEAD' && !schema?.hide) routes.push({ method: [method].flat()[0], url, schema: schema ?? {} });
  });
  return routes;
}

/** The routes as an OpenAPI 3.1 document: its schemas are JSON Schema, and so are the routes'. */
export function describeRoutes(routes, info) {
  const paths = {};
  for (const { method, url, schema } of routes) {
    const path = url.replace(/:(\w+)/g, '{$1}').replace(/(.)\/$/, '$1');
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeRoute(schema) };
  }
  return { openapi: '3.1.0', info, paths };
}

function describeRoute({ summary, params, querystring, body, response = {} }) {
  const parameters = [...parametersOf('path', params), ...parametersOf('query', querystring)];
  return {
    ...(summary && { summary }),
    ...(parameters.length && { parameters }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: Object.fromEntries(
      Object.entries(response).map(([status, { description, ...schema }]) => [
        status,
        { description, ...(schema.type !== 'null' && { content: { 'application/json': { schema } } }) },
      ]),
    ),
  };
}

const parametersOf = (place, schema) =>
  Object.entries(schema?.properties ?? {}).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: schema.required?.includes(name) ?? false,
    ...(description && { description }),
    schema: rest,
  }));
