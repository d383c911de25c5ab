export { checkReplay, type ReplayCheck, type StoredHistory } from './check-replay.js';
export { Scenario, scenario, type ScenarioLogLine, type ScenarioOptions } from './scenario.js';
export type { Completion, EventRaised, HandlerOutcome, Turn } from '../core/turn.js';
export type { Action, HistoryEvent, InboundEvent } from '../core/history.js';
