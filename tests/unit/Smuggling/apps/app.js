// What app.py does, as Node's own HTTP server reads requests.
const seen = { requests: 0, unrouted: [], forged: [] };

require('http').createServer((request, response) => {
  request.on('data', () => { }).on('end', () => {
    const path = request.url;
    const client = request.headers['x-forwarded-for'];
    let body = JSON.stringify(seen);
    if (path !== '/count') {
      seen.requests++;
      if (!/^\/(v\/|a|b)/.test(path)) seen.unrouted.push(request.method + ' ' + path);
      if (client !== '127.0.0.1') seen.forged.push(request.method + ' ' + path + ' ' + client);
      body = path + ' ' + request.headers['x-token'];
    }
    response.writeHead(200, { 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  });
}).listen(process.argv[2]);
