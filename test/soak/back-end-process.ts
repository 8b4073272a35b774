// A script: back-ends at an address (the first argument), one for each further argument `<letter>=<port>`; each answers with its
// letter and the header x-module of the request. Asked to end it finishes what it has in hand.
import { createServer } from 'node:http';

const [address, ...backEnds] = process.argv.slice(2);
for (const backEnd of backEnds) {
  const [letter = '', port] = backEnd.split('=');
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    request.resume();
    const body = `${letter}${String(request.headers['x-module'] ?? '')}`;
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': String(body.length) }).end(body);
  });
  server.listen(Number(port), address);
  process.once('SIGTERM', () => server.close());
}
