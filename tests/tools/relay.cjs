// A mail relay made of npm's smtp-server, for tests: it takes its certificate and its one user from the first line of
// standard input, prints its port, and then each mail it took as a line of JSON. It ends with standard input.
'use strict';
const { createInterface } = require('node:readline');
const { SMTPServer } = require(process.argv[2]);

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => {
  const wanted = JSON.parse(line);
  const server = new SMTPServer({
    secure: wanted.implicit,
    key: wanted.key,
    cert: wanted.certificate,
    authMethods: ['PLAIN', 'LOGIN'],
    disableReverseLookup: true,
    onAuth(auth, session, done) {
      const right = auth.username === wanted.user && auth.password === wanted.password;
      done(right ? null : new Error('not you'), right ? { user: auth.username } : undefined);
    },
    onData(stream, session, done) {
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        const mail = { secure: session.secure, user: session.user, to: session.envelope.rcptTo.map((to) => to.address), text: Buffer.concat(chunks).toString() };
        process.stdout.write(JSON.stringify(mail) + '\n');
        done(null, 'queued as 4712');
      });
    },
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1', () => process.stdout.write(server.server.address().port + '\n'));
});
lines.on('close', () => process.exit(0));
