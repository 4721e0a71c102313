// Two relying parties that fedbridge's authors did not write. Reads cases as JSON from its standard input; writes, for
// each, what it accepted ({claims} or {profile}) or why it didn't ({error}).
import { SAML } from "@node-saml/node-saml";
import { importJWK, jwtVerify } from "jose";

async function token({ token, jwk, issuer, audience }) {
  const key = await importJWK(jwk, jwk.alg);
  const options = { issuer, audience, algorithms: [jwk.alg], requiredClaims: ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"] };
  const { payload, protectedHeader } = await jwtVerify(token, key, options);
  return { claims: payload, header: protectedHeader };
}

async function saml({ response, certificate, key, audience, recipient }) {
  const party = new SAML({
    idpCert: certificate, issuer: audience, audience, callbackUrl: recipient, decryptionPvk: key,
    wantAssertionsSigned: true, wantAuthnResponseSigned: false, validateInResponseTo: "never",
  });
  const { profile } = await party.validatePostResponseAsync({ SAMLResponse: response });
  const { getAssertionXml, getAssertion, getSamlResponseXml, ...said } = profile;
  return { profile: said };
}

let text = "";
for await (const chunk of process.stdin) text += chunk;
const results = [];
for (const one of JSON.parse(text)) {
  try {
    results.push(await (one.token ? token(one) : saml(one)));
  } catch (e) {
    results.push({ error: String(e.message ?? e) });
  }
}
process.stdout.write(JSON.stringify(results));
