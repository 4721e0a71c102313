// Starts the npm package oidc-provider on loopback. Its one argument is JSON:
//   {client: {id, secret, redirect_uri}, people: {login: {claims}}, claims_in_id_token: bool, alg: "RS256"}
// It prints "ready URL" when it listens, and ends when its standard input does.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const options = JSON.parse(process.argv[2]);
const alg = options.alg ?? 'RS256';
const { privateKey } = alg.startsWith('ES')
  ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
  : generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = { ...privateKey.export({ format: 'jwk' }), use: 'sig', kid: 'first' };

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: options.client.id,
      client_secret: options.client.secret,
      redirect_uris: [options.client.redirect_uri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      id_token_signed_response_alg: alg,
    }],
    jwks: { keys: [jwk] },
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name'],
      groups: ['groups'],
    },
    scopes: ['openid', 'email', 'profile', 'groups'],
    conformIdTokenClaims: !options.claims_in_id_token,
    enabledJWA: { idTokenSigningAlgValues: [alg, 'RS256'] },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ['only-for-this-test-run'] },
    async findAccount(_, id) {
      const person = options.people[id];
      if (!person) return undefined;
      return { accountId: id, claims: async () => ({ sub: id, ...person }) };
    },
  });
  provider.on('server_error', (_, err) => console.error(err));
  server.on('request', provider.callback());
  console.log(`ready ${issuer}`);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
