// A script: back-ends on 127.0.0.1, one for each port that the arguments name; each answers with its letter (a, b) and the header
// x-module of the request.
import { createServer } from 'node:http';

for (const [index, port] of process.argv.slice(2).entries()) {
  const letter = 'ab'.charAt(index);
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    request.resume();
    const body = `${letter}${String(request.headers['x-module'] ?? '')}`;
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': String(body.length) }).end(body);
  });
  server.listen(Number(port), '127.0.0.1');
}
