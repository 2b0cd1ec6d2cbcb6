// A mail relay for tests, based on npm's smtp-server. It reads its certificate and its only user from the first line of standard
// input, prints its port, and then prints each accepted message as a line of JSON. It exits when standard input ends.
'use strict';
const { createInterface } = require('node:readline');
const { SMTPServer } = require(process.argv[2]);

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => {
  const settings = JSON.parse(line);
  const server = new SMTPServer({
    secure: settings.implicit,
    key: settings.key,
    cert: settings.certificate,
    authMethods: ['PLAIN', 'LOGIN'],
    disableReverseLookup: true,
    onAuth(auth, session, done) {
      const isValid = auth.username === settings.user && auth.password === settings.password;
      done(isValid ? null : new Error('invalid credentials'), isValid ? { user: auth.username } : undefined);
    },
    onData(stream, session, done) {
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        const message = { secure: session.secure, user: session.user, to: session.envelope.rcptTo.map((to) => to.address), text: Buffer.concat(chunks).toString() };
        process.stdout.write(JSON.stringify(message) + '\n');
        done(null, 'queued as 4712');
      });
    },
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1', () => process.stdout.write(server.server.address().port + '\n'));
});
lines.on('close', () => process.exit(0));
