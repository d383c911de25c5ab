import type { InputShape } from '../core/names.js';
import { JsonSchemas, type JsonSchema } from '../validation/json-schemas.js';
import type { Parameter, Route } from './route.js';
import type { Service } from './service.js';

interface Operation {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly security?: readonly [];
  readonly parameters: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

type Paths = Record<string, Record<string, Operation>>;

const problem: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'requestId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    requestId: { type: 'string' },
  },
};

/** The description of the API (OpenAPI 3.1): its routes, and the inputs of the classes that it knows. */
export function openApi(routes: readonly Route[], { basePath, classes }: Service, origin: string): object {
  const schemas = new JsonSchemas('#/components/schemas/', { Problem: problem });
  const paths: Paths = {};
  const add = (route: Route, path = route.path, input: JsonSchema = {}): void => {
    (paths[path.replaceAll(/:(\w+)/g, '{$1}')] ??= {})[route.method.toLowerCase()] = operationOf(route, path, input);
  };
  for (const route of routes) {
    add(route);
    if (route.action === 'start' && route.path.startsWith('/orchestrators'))
      for (const [name, shape] of classes.orchestrators)
        add(route, route.path.replace(':functionName', name), inputOf(shape, schemas));
    if (route.action === 'callEntity')
      for (const [name, operations] of classes.entities)
        for (const [operation, shape] of operations) {
          const path = route.path.replace(':entityName', name).replace(':operation', () => operation);
          add(route, path, inputOf(shape, schemas));
        }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Perdure HTTP management API', version: '1' },
    servers: [{ url: `${origin}${basePath}` }],
    security: [{ key: [] }, { bearer: [] }, { code: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'apiKey', in: 'header', name: 'x-functions-key' },
        bearer: { type: 'http', scheme: 'bearer' },
        code: {
          type: 'apiKey',
          in: 'query',
          name: 'code',
          description: 'Of a signed URL, for one action on one instance.',
        },
      },
      schemas: schemas.definitions,
    },
  };
}

function inputOf({ input }: InputShape, schemas: JsonSchemas): JsonSchema {
  return input === undefined ? { type: 'null' } : schemas.of(input);
}

function operationOf(route: Route, path: string, input: JsonSchema): Operation {
  const { summary, action, parameters = [], body, responses } = route;
  const parts = Array.from(path.matchAll(/:(\w+)/g), ([, name]) => name!);
  return {
    tags: [path.split('/')[1]!],
    summary,
    ...(action === undefined && { security: [] }),
    parameters: [
      ...parts.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...parameters.map(parameterOf),
    ],
    ...(body !== undefined && {
      requestBody: { description: body, content: { 'application/json': { schema: input } } },
    }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, description]) => [status, responseOf(Number(status), description)]),
    ),
  };
}

function parameterOf({ name, description, in: place, type, isRequired }: Parameter): object {
  return {
    name,
    in: place ?? 'query',
    description,
    ...(isRequired && { required: true }),
    schema: { type: type ?? 'string' },
  };
}

function responseOf(status: number, description: string): object {
  if (status < 400) return { description };
  return {
    description,
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}
