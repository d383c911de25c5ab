// Loads the store of type metadata before any class that imports this module is decorated.
import 'reflect-metadata';

export { Activity } from './activity.js';
export { Entity } from './entity.js';
export { Items } from './items.js';
export { Operation } from './operation.js';
export { Orchestrator } from './orchestrator.js';
export { Query } from './query.js';
export { Run } from './run.js';
export { Update } from './update.js';
