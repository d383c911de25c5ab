import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { HttpApi } from 'perdure/http';
import { nodeHandler } from 'perdure/http/node';
import type { Host } from './host.js';

@Controller()
class Shop {
  @Get() front(): string {
    return 'a shop on NestJS';
  }
}

@Module({ controllers: [Shop] })
class ShopModule {}

export async function listen(api: HttpApi): Promise<Host> {
  const app = await NestFactory.create(ShopModule, { logger: false, forceCloseConnections: true });
  app.use(nodeHandler(api));
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl(), close: () => app.close() };
}
