import test from 'ava';
import { IsInt } from 'class-validator';
import { OrchestrationContext, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { entities, orchestrators } from './http-classes.js';
import { base, Restaurant } from './restaurant.js';

interface Described {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

interface Operation {
  readonly security?: readonly unknown[];
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: unknown } } };
  readonly responses: Readonly<Record<string, unknown>>;
}

async function described(options: object): Promise<Described> {
  const { get } = await Restaurant.open(options);
  return (await get('/openapi.json')).body as unknown as Described;
}

test('every route is described with its verbs, parameters and statuses, and each described one is there', async (t) => {
  const { ask } = await Restaurant.open();
  const { openapi, servers, paths } = await described({});
  t.is(openapi, '3.1.0');
  t.is(servers[0]!.url, `http://localhost${base}`);
  t.deepEqual(
    Object.entries(paths)
      .flatMap(([path, operations]) => Object.keys(operations).map((verb) => `${verb} ${path}`))
      .toSorted(),
    [
      'delete /entities/{entityName}/{entityKey}',
      'delete /instances',
      'delete /instances/{instanceId}',
      'get /entities',
      'get /entities/{entityName}',
      'get /entities/{entityName}/{entityKey}',
      'get /entities/{entityName}/{entityKey}/watch',
      'get /health',
      'get /instances',
      'get /instances/{instanceId}',
      'get /instances/{instanceId}/watch',
      'get /openapi.json',
      'post /entities/{entityName}/{entityKey}',
      'post /entities/{entityName}/{entityKey}/call/{operation}',
      'post /instances',
      'post /instances/{instanceId}/cancel',
      'post /instances/{instanceId}/query/{name}',
      'post /instances/{instanceId}/raiseEvent/{eventName}',
      'post /instances/{instanceId}/restart',
      'post /instances/{instanceId}/resume',
      'post /instances/{instanceId}/rewind',
      'post /instances/{instanceId}/suspend',
      'post /instances/{instanceId}/terminate',
      'post /instances/{instanceId}/update/{name}',
      'post /makeprimary',
      'post /orchestrators/{functionName}',
      'post /orchestrators/{functionName}/{instanceId}',
    ],
  );
  for (const path of Object.keys(paths)) t.is((await ask('PATCH', path.replaceAll(/\{\w+\}/g, 'a'))).status, 405, path);
  const status = paths['/instances/{instanceId}']!['get']!;
  t.deepEqual(Object.keys(status.responses), ['200', '202', '404', '500']);
  t.deepEqual(
    status.parameters.map(({ name, in: place }) => `${place} ${name}`),
    [
      'path instanceId',
      'query showHistory',
      'query showHistoryOutput',
      'query showInput',
      'query returnInternalServerErrorOnFailure',
    ],
  );
  t.like(paths['/instances']!['get']!.parameters.at(-1), { name: 'x-ms-continuation-token', in: 'header' });
  t.deepEqual(paths['/health']!['get']!.security, [], 'open');
});

test('inputs of known classes are described by the rules of their fields', async (t) => {
  const { paths, components } = await described({ orchestrators, entities });
  const inputOf = (path: string) => paths[path]!['post']!.requestBody!.content['application/json'].schema;
  t.deepEqual(inputOf('/orchestrators/purchase'), { $ref: '#/components/schemas/Purchase' });
  t.deepEqual(inputOf('/orchestrators/purchase/{instanceId}'), { $ref: '#/components/schemas/Purchase' });
  t.deepEqual(
    paths['/orchestrators/purchase']!['post']!.parameters.filter((one) => one.in === 'path'),
    [],
  );
  t.like(paths['/entities/till/{entityKey}/call/put']!['post']!.parameters, { length: 1, 0: { name: 'entityKey' } });
  t.deepEqual(inputOf('/orchestrators/meal'), { type: 'string' });
  t.deepEqual(inputOf('/entities/till/{entityKey}/call/put'), { type: 'number' });
  t.deepEqual(inputOf('/entities/till/{entityKey}/call/sell'), { $ref: '#/components/schemas/Line' });
  t.deepEqual(components.schemas['Purchase'], {
    type: 'object',
    properties: {
      customer: { type: 'string', format: 'email' },
      payment: { type: 'string', enum: ['card', 'cash'] },
      note: { type: 'string' },
      lines: { type: 'array', items: { $ref: '#/components/schemas/Line' } },
    },
    required: ['customer', 'payment', 'lines'],
  });
  t.deepEqual(components.schemas['Line'], {
    type: 'object',
    properties: {
      article: { type: 'string', minLength: 1, maxLength: 20 },
      pieces: { type: 'integer', minimum: 1, maximum: 99 },
    },
    required: ['article', 'pieces'],
  });
});

test('a class that is called as what the description has itself is described under another name', async (t) => {
  class Problem {
    @IsInt() size!: number;
  }
  @Orchestrator('solving')
  class Solving {
    @Run({ input: Problem }) *run(problem: Problem, ctx: OrchestrationContext): Orchestration<number> {
      yield* ctx.createTimer(1);
      return problem.size;
    }
  }
  const { paths, components } = await described({ orchestrators: [Solving] });
  const { requestBody, responses } = paths['/orchestrators/solving']!['post']!;
  t.deepEqual(requestBody!.content['application/json'].schema, { $ref: '#/components/schemas/Problem2' });
  t.like(components.schemas['Problem2'], { properties: { size: { type: 'integer' } } });
  t.like(responses['400'], {
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  });
  t.like(components.schemas['Problem'], { required: ['type', 'title', 'status', 'requestId'] });
});
