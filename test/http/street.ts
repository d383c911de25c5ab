import type { ExecutionContext } from 'ava';
import type { HttpApiOptions } from 'perdure/http';
import { serveHttpApi, type HttpApiServer, type ListenOptions } from 'perdure/http/node';
import { base, Restaurant } from './restaurant.js';

/** A restaurant with a door to the street, whose time passes by itself. */
export async function opened(
  t: ExecutionContext,
  options: HttpApiOptions = {},
  where: ListenOptions = {},
): Promise<{ restaurant: Restaurant; server: HttpApiServer; url: string }> {
  const restaurant = await Restaurant.open(options);
  const server = await serveHttpApi(restaurant.api, { port: 0, ...where });
  const over = new Promise<void>((resolve) =>
    t.teardown(async () => {
      await server.close();
      resolve();
    }),
  );
  restaurant.settle(over).catch(() => {});
  return { restaurant, server, url: `${server.url}${base}` };
}
