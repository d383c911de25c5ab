import './functions.js';
import './legacy.cjs';
import { app } from '@azure/functions';

let started = 0;
const seen = [];
app.setup({ enableHttpStream: true });
app.hook.appStart(() => void started++);
const hook = app.hook.preInvocation((context) => {
  if (context.invocationContext.functionName === 'seen') return;
  seen.push(context.invocationContext.functionName);
  context.hookData.before = true;
});
app.hook.postInvocation((context) => {
  if (context.hookData.before && context.error?.message === 'replaced') {
    context.error = undefined;
    context.result = { status: 299, body: 'by a hook' };
  }
});
app.hook.log((context) => {
  context.message = context.message.replace('secret', '***');
});

app.get('seen', () => {
  const told = { started, seen: [...seen] };
  hook.dispose();
  return { jsonBody: told };
});
