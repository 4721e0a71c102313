// A stock OIDC client, which fedbridge's authors did not write, finds an issuer by its address and verifies a token with the
// keys that it publishes. Reads {issuer, audience, token} as JSON from its standard input; writes what it found.
import { createRemoteJWKSet, jwtVerify } from "jose";
import * as client from "openid-client";

let text = "";
for await (const chunk of process.stdin) text += chunk;
const { issuer, audience, token } = JSON.parse(text);
try {
  const found = await client.discovery(new URL(issuer), audience, undefined, client.None(), { execute: [client.allowInsecureRequests] });
  const metadata = found.serverMetadata();
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(metadata.jwks_uri)), {
    issuer: metadata.issuer, audience, algorithms: metadata.id_token_signing_alg_values_supported,
  });
  process.stdout.write(JSON.stringify({ subject: payload.sub, issuer: metadata.issuer }));
} catch (e) {
  process.stdout.write(JSON.stringify({ error: String(e.cause?.message ?? e.message ?? e) }));
}
