const df = require('durable-functions');

df.app.orchestration('calling', function* (context) {
  const { base } = context.df.getInput();
  const polled = yield context.df.callHttp({
    method: 'POST',
    url: `${base}/jobs`,
    body: { pieces: 2 },
    headers: { 'x-app': 'a' },
  });
  const once = yield context.df.callHttp({ method: 'POST', url: `${base}/jobs`, body: 'plain', enablePolling: false });
  const missing = yield context.df.callHttp({ method: 'GET', url: `${base}/nothing` });
  return {
    polled: { statusCode: polled.statusCode, content: polled.content, type: polled.getHeader('Content-Type') },
    once: [once.statusCode, once.headers.location !== undefined],
    missing: missing.statusCode,
  };
});
