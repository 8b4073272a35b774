// Stands for the image of CoreDNS that the conformance suite sends datagrams to: answers every question with no records.
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
socket.on('message', (question, { address, port }) => {
  const answer = Buffer.from(question);
  // A response (RFC 1035, QR), authoritative; no error.
  answer[2] = 0x85;
  answer[3] = 0;
  socket.send(answer, port, address);
});
socket.bind(53, '0.0.0.0', () => process.stdout.write('listening on port 53\n'));
