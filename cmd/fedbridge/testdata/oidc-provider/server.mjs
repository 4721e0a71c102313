// Starts the npm package oidc-provider on loopback: one provider for each of `issuers`, each on a port of its own. Its one
// argument is JSON:
//   {issuers: [{claims_in_id_token: bool, clients: [{id, secret, redirect_uri, alg}]}], people: {login: {claims}}}
// It prints "ready URL URL…" when all listen, and ends when its standard input does.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const options = JSON.parse(process.argv[2]);

// AWS takes keys that say what they are for: kid, use and alg.
const key = (kind, details, alg) => ({
  ...generateKeyPairSync(kind, details).privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: alg.toLowerCase(),
});
const keys = [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')];

const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', done));

const start = async ({ clients, claims_in_id_token }, number) => {
  const server = createServer();
  await listen(server);
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: clients.map(({ id, secret, redirect_uri, alg }) => ({
      client_id: id,
      client_secret: secret,
      redirect_uris: [redirect_uri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      id_token_signed_response_alg: alg,
    })),
    jwks: { keys },
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name'],
      groups: ['groups'],
    },
    scopes: ['openid', 'email', 'profile', 'groups'],
    // As OpenID Connect Core §5.4 has it, the claims of scopes are at UserInfo alone where there is an access token.
    conformIdTokenClaims: !claims_in_id_token,
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
    features: { devInteractions: { enabled: true } },
    cookies: {
      keys: ['only-for-this-test-run'],
      names: { session: `session-${number}`, interaction: `interaction-${number}`, resume: `resume-${number}` },
    },
    async findAccount(_, id) {
      const person = options.people[id];
      return person && { accountId: id, claims: async () => ({ sub: id, ...person }) };
    },
  });
  provider.on('server_error', (_, err) => console.error(err));
  server.on('request', provider.callback());
  return issuer;
};

console.log('ready', ...await Promise.all(options.issuers.map(start)));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
