// A script: back-ends on 127.0.0.1, one for each port that the arguments name; each answers with its letter (a, b, ...).
import { createServer } from 'node:http';

for (const [index, port] of process.argv.slice(2).entries()) {
  const letter = 'abcdefgh'.charAt(index);
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '1' }).end(letter);
  });
  server.listen(Number(port), '127.0.0.1');
}
