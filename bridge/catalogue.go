package bridge

import (
	"maps"
	"slices"
)

// Codes of the catalogue, grouped by the step at which they arise.
const (
	// The request itself.
	CodeBadRequest   Code = "bad-request"
	CodeNotFound     Code = "not-found"
	CodeMethod       Code = "method-not-allowed"
	CodeTooLarge     Code = "too-large"
	CodeCrossOrigin  Code = "cross-origin"
	CodeRateLimited  Code = "rate-limited"
	CodeCookies      Code = "cookies-blocked"
	CodeClientGone   Code = "client-gone"
	CodeInternal     Code = "internal"
	CodeStoreDown    Code = "store-down"
	CodeAuditDown    Code = "audit-down"
	CodeShuttingDown Code = "shutting-down"

	// Sign-in.
	CodeNotSignedIn      Code = "not-signed-in"
	CodeSessionEnded     Code = "session-ended"
	CodeLoginStale       Code = "login-stale"
	CodeProviderUnknown  Code = "provider-unknown"
	CodeProviderDown     Code = "provider-down"
	CodeProviderRefused  Code = "provider-refused"
	CodeProviderConfig   Code = "provider-misconfigured"
	CodeAnswerMalformed  Code = "answer-malformed"
	CodeAnswerRejected   Code = "answer-rejected"
	CodeAnswerTooLarge   Code = "answer-too-large"
	CodeAudience         Code = "audience-mismatch"
	CodeDestination      Code = "destination-mismatch"
	CodeClock            Code = "clock-mismatch"
	CodeStrength         Code = "weak-algorithm"
	CodeEncryption       Code = "encryption-not-accepted"
	CodeSubjectMissing   Code = "subject-missing"
	CodeSubjectTransient Code = "subject-transient"
	CodeClaim            Code = "claim-unusable"
	CodeGroupOverage     Code = "groups-overage"
	CodeTenant           Code = "tenant-not-allowed"
	CodeUserInfo         Code = "userinfo-mismatch"

	// Apps.
	CodeParameter       Code = "parameter-refused"
	CodeOperation       Code = "operation-unknown"
	CodeTokenMissing    Code = "token-missing"
	CodeSAMLNotOffered  Code = "saml-not-offered"
	CodeClientRejected  Code = "client-rejected"
	CodeClientProvider  Code = "client-not-admitted"
	CodeDPoP            Code = "dpop-rejected"
	CodeRoleAmbiguous   Code = "role-ambiguous"
	CodeGuest           Code = "guests-not-admitted"
	CodePoolUnknown     Code = "pool-unknown"
	CodeIdentityIDOther Code = "identity-id-other"

	// Roles.
	CodeNoRole            Code = "no-role"
	CodeNotEntitled       Code = "not-entitled"
	CodeDenied            Code = "denied-by-rule"
	CodeDuration          Code = "duration-out-of-range"
	CodeRegion            Code = "region-unknown"
	CodeConsoleTarget     Code = "console-destination"
	CodeTagValue          Code = "tag-unusable"
	CodeSourceIdentity    Code = "source-identity-unusable"
	CodeSessionTooLarge   Code = "session-too-large"
	CodeSessionValue      Code = "session-value-unusable"
	CodeNarrowing         Code = "narrowing-refused"
	CodeNarrowingUnusable Code = "narrowing-unusable"
	CodeRevoked           Code = "revoked"

	// Relaying a proof.
	CodeProofMissing     Code = "proof-missing"
	CodeProofStale       Code = "proof-stale"
	CodeProofKind        Code = "proof-other-provider"
	CodeProofEncrypted   Code = "proof-encrypted"
	CodeProofAudience    Code = "proof-audience"
	CodeProofRolePair    Code = "proof-role-pair"
	CodeProofSessionName Code = "proof-session-name"
	CodeProofAlgorithm   Code = "proof-algorithm"
	CodeProofSubject     Code = "proof-subject"
	CodeProofTooLarge    Code = "proof-too-large"

	// Minting.
	CodeIssuerKey   Code = "issuer-no-key"
	CodeIssuerKMS   Code = "issuer-kms"
	CodeIssuerClock Code = "issuer-clock"
	CodeIssuerMint  Code = "issuer-cannot-mint"

	// STS and the console.
	CodeSTSRefused        Code = "sts-refused"
	CodeSTSExpired        Code = "sts-proof-expired"
	CodeSTSInvalidProof   Code = "sts-proof-invalid"
	CodeSTSClaimRejected  Code = "sts-claim-rejected"
	CodeSTSProviderDown   Code = "sts-cannot-reach-provider"
	CodeSTSPolicy         Code = "sts-session-policy"
	CodeSTSPacked         Code = "sts-session-too-large"
	CodeSTSRegion         Code = "sts-region-disabled"
	CodeSTSDuration       Code = "sts-duration"
	CodeSTSChained        Code = "sts-chained"
	CodeSTSInvalidRequest Code = "sts-invalid-request"
	CodeSTSCredentials    Code = "sts-own-credentials"
	CodeSTSNoCredentials  Code = "sts-no-credentials"
	CodeSTSClock          Code = "sts-clock"
	CodeSTSThrottled      Code = "sts-throttled"
	CodeSTSDown           Code = "sts-down"
	CodeSTSWrongRole      Code = "sts-wrong-role"
	CodeSTSAnswer         Code = "sts-answer-unusable"
	CodeConsoleRefused    Code = "console-refused"
	CodeConsoleDown       Code = "console-down"
)

// catalogue is what people read. Failures of signature, certificate, decryption, issuer and replay share answer-rejected,
// so that an attacker learns nothing; what people must be able to mend keeps a code of its own.
var catalogue = map[Code]Notice{
	CodeBadRequest:   {"This request could not be understood.", "Go back to the home page and start again."},
	CodeNotFound:     {"There is no page at this address.", "Check the link, or start from the home page."},
	CodeMethod:       {"This address can't be used in that way.", "Start from the home page and use the buttons there."},
	CodeTooLarge:     {"This request is larger than fedbridge accepts.", "Send less; if an identity provider sent it, ask your administrator to make it send fewer attributes."},
	CodeCrossOrigin:  {"This request didn't come from a page of fedbridge, so it was not carried out.", "If you meant to do this, open fedbridge yourself and press the button there."},
	CodeRateLimited:  {"Too many requests in a short time.", "Wait a minute, then try again."},
	CodeCookies:      {"Your browser did not keep the cookie that this sign-in needs.", "Allow cookies for this address and use one browser window from start to end. On a local demo, `fedbridge demo --tls` helps browsers that keep such cookies for https only."},
	CodeClientGone:   {"The request was given up before it was finished.", "Try again."},
	CodeInternal:     {"Something went wrong inside fedbridge. Nothing was granted.", "Try again. If it happens again, give your administrator the id below."},
	CodeStoreDown:    {"fedbridge can't reach its own records right now, so nobody can sign in or be given a role.", "Try again in a few minutes. The administrator sees the cause in the log under the id below."},
	CodeAuditDown:    {"This could not be written to the audit log, and without that record nothing is granted.", "Try again in a few minutes. The administrator sees the cause in the log under the id below."},
	CodeShuttingDown: {"fedbridge is being restarted.", "Try again in a few seconds."},

	CodeNotSignedIn:      {"You are not signed in.", "Sign in, then try again."},
	CodeSessionEnded:     {"Your session has ended.", "Sign in again."},
	CodeLoginStale:       {"This sign-in took too long, was begun in another browser, or its answer was already used.", "Start again from the home page. If it keeps happening, check that your clock is right."},
	CodeProviderUnknown:  {"There is no identity provider of this name here.", "Choose one on the home page."},
	CodeProviderDown:     {"The identity provider doesn't answer right now.", "Try again in a few minutes, or sign in with another provider. Nothing is wrong with your account."},
	CodeProviderRefused:  {"The identity provider did not let you in.", "Try again there. If you should have access, ask the people who run the identity provider."},
	CodeProviderConfig:   {"The identity provider and fedbridge are not set up for each other.", "Give your administrator the id below; the log says which setting differs."},
	CodeAnswerMalformed:  {"The identity provider's answer could not be read.", "Start again from the home page. If it happens again, give your administrator the id below."},
	CodeAnswerRejected:   {"The identity provider's answer could not be trusted, so you were not signed in.", "Start again from the home page. If it happens again, give your administrator the id below."},
	CodeAnswerTooLarge:   {"The identity provider's answer is larger than fedbridge accepts.", "Ask your administrator to make the provider send fewer groups or attributes; the limit is named below."},
	CodeAudience:         {"The identity provider made this answer for another application.", "Ask your administrator to compare the audience (entity id, client id) at the provider with the one below."},
	CodeDestination:      {"The identity provider sent this answer to an address that is not fedbridge's own.", "Ask your administrator to compare the reply address (ACS URL) at the provider with the one below."},
	CodeClock:            {"The identity provider's answer is not valid at this time.", "Try again. If it keeps happening, the clocks of the provider and of fedbridge differ: ask your administrator to check both."},
	CodeStrength:         {"The identity provider signs with an algorithm that is no longer safe.", "Ask your administrator to switch the provider to SHA-256, or to allow SHA-1 for this provider until a date (`allow_sha1_until`)."},
	CodeEncryption:       {"The identity provider encrypted its answer in a way that is not accepted here.", "Ask your administrator to configure decryption (`decryption`) for this provider, or to switch encryption off or to AES-GCM at the provider."},
	CodeSubjectMissing:   {"The identity provider did not say who you are.", "Ask your administrator to make the provider send a NameID (in AD FS: a claim rule that issues Name ID), or to name an attribute with `subject: {attribute: …}`."},
	CodeSubjectTransient: {"The identity provider sends a new name for you each time, so you can't be recognised.", "Ask your administrator to choose a persistent NameID at the provider, or an attribute with `subject: {attribute: …}`."},
	CodeClaim:            {"The identity provider sent a claim that can't be used.", "Give your administrator the name of the claim below; the provider must send it as text, or as a list of texts."},
	CodeGroupOverage:     {"You are in so many groups that the identity provider left them out of its answer.", "Ask your administrator to make the provider send only the groups assigned to this application."},
	CodeTenant:           {"Your account belongs to an organisation that is not admitted here.", "Sign in with your work account of this organisation."},
	CodeUserInfo:         {"The identity provider gave two different answers about who you are.", "Start again from the home page. If it happens again, give your administrator the id below."},

	CodeParameter:       {"A parameter of this request is missing, doubled or not supported.", "The detail names it; /openapi.json says what each address takes."},
	CodeOperation:       {"This operation is not offered here.", "Use one that /openapi.json describes, and send every other call to AWS itself."},
	CodeTokenMissing:    {"No token came with this request.", "Send the token of your identity provider as /openapi.json describes it."},
	CodeSAMLNotOffered:  {"Apps can't use SAML answers here.", "Bring an OpenID Connect token, or sign in with a browser."},
	CodeClientRejected:  {"This app is not known here, or did not prove who it is.", "Check the app's client id, and its secret, key and clock. The operator sees the cause in the log under the id."},
	CodeClientProvider:  {"This app may not bring tokens of this identity provider.", "Use the app that the token was made for, or ask the operator to admit the provider for this app."},
	CodeDPoP:            {"The proof that the token's key is at hand (DPoP) is missing or doesn't hold.", "Send a fresh proof for exactly this request, signed with the key that the token is bound to."},
	CodeRoleAmbiguous:   {"Several roles are granted, and the request doesn't say which one is meant.", "Name one as account/role, or by its ARN."},
	CodeGuest:           {"Guests are not admitted here.", "Sign in, and bring the token of your identity provider."},
	CodePoolUnknown:     {"This identity pool is not one of this address.", "Use the identity pool id that the operator configured."},
	CodeIdentityIDOther: {"This identity id doesn't belong to the token.", "Ask for the identity id of this token first (GetId)."},

	CodeNoRole:            {"You are signed in, but you have no role.", "The reason stands beside every role. If you should have one, ask the people who own its account to add you to the right group."},
	CodeNotEntitled:       {"No rule gives you this role.", "Look at the reasons on the page about you, and ask the people who own the account to add you to the right group."},
	CodeDenied:            {"A rule takes this role away from you.", "The page about you names the rule. Ask your administrator whether it should apply to you."},
	CodeDuration:          {"This length is not allowed for a session.", "Choose a length between 15 minutes and the longest one that the role allows."},
	CodeRegion:            {"This region is not one of the role's partition.", "Choose a region such as the one that is offered, or leave it out."},
	CodeConsoleTarget:     {"This address is not a page of the AWS console.", "Use an address that begins with https:// and the console's own host, or leave it out."},
	CodeTagValue:          {"A claim of yours doesn't fit the session tag that this role asks for.", "Give your administrator the name below: a tag needs exactly one value of at most 256 letters, digits, spaces and _ . : / = + - @."},
	CodeSourceIdentity:    {"A claim of yours doesn't fit the source identity that this role asks for.", "Give your administrator the name below: it needs exactly one value of 2 to 64 letters, digits and _ + = , . @ -, not beginning with aws:."},
	CodeSessionTooLarge:   {"Session policy and tags of this role are larger than AWS accepts.", "Ask your administrator to shorten them; the limit is named below."},
	CodeSessionValue:      {"A claim of yours doesn't fit the session policy that this role asks for.", "Give your administrator the name below: a value needs exactly one text, which isn't empty and lacks the characters that set it apart in the policy."},
	CodeNarrowing:         {"This role can't be narrowed by a policy of the request.", "Ask for the role without a policy of your own, or ask your administrator for a role that has this policy; the reason is named below."},
	CodeNarrowingUnusable: {"The policy in this request is none that AWS would take.", "Mend the policy; what is wrong with it is named below."},
	CodeRevoked:           {"Your access was ended by an administrator, with all that you were signed in to.", "Sign in again. If you are refused there, ask your administrator."},

	CodeProofMissing:     {"This role needs a fresh answer of your identity provider, and none is at hand.", "Sign in again; then use the role within five minutes."},
	CodeProofStale:       {"Your identity provider's answer is too old for AWS, which takes it only for a few minutes.", "Sign in again; then use the role at once."},
	CodeProofKind:        {"This role can only be used by people who sign in with another identity provider.", "Sign in with the provider that is named below."},
	CodeProofEncrypted:   {"Your identity provider encrypts its answer for fedbridge, so AWS can't read it and this role can't be used.", "Ask your administrator to switch encryption off for this provider, or to reach the role in another way (`via`)."},
	CodeProofAudience:    {"Your identity provider's answer doesn't name AWS as an audience, so AWS would refuse it.", "Ask your administrator to add AWS's audience (below) at the provider and under `audiences`."},
	CodeProofRolePair:    {"Your identity provider's answer doesn't contain this role together with its IAM identity provider.", "Ask your administrator to make the provider send the pair below in the attribute https://aws.amazon.com/SAML/Attributes/Role."},
	CodeProofSessionName: {"Your identity provider's answer lacks a usable RoleSessionName.", "Ask your administrator to make the provider send https://aws.amazon.com/SAML/Attributes/RoleSessionName with 2 to 64 letters, digits and _ + = , . @ -."},
	CodeProofAlgorithm:   {"Your identity provider signs its tokens with an algorithm that AWS STS doesn't take.", "Ask your administrator to switch the provider to RS256 or ES256, or to reach the role in another way (`via`)."},
	CodeProofSubject:     {"This role is limited to certain people of your identity provider, and you are not among them.", "Ask your administrator to add your subject to the role's `subjects`, if you should have it."},
	CodeProofTooLarge:    {"Your identity provider's answer is larger than AWS STS accepts.", "Ask your administrator to make the provider send fewer groups or attributes."},

	CodeIssuerKey:   {"fedbridge has no signing key that may be used yet.", "Give your administrator the id below: a new key signs only after it was read back from the published key set; `fedbridge keys list` says what it waits for."},
	CodeIssuerKMS:   {"The key service that signs for fedbridge refused or didn't answer, so nothing was minted.", "Try again in a minute. Give your administrator the id below; the log says what the key service answered."},
	CodeIssuerClock: {"fedbridge's clock jumped, so nothing is minted until it has been steady again.", "Try again in a few minutes. Give your administrator the id below: the server's clock must be right to a minute."},
	CodeIssuerMint:  {"fedbridge can't mint for this role what AWS would take.", "Give your administrator the id below; the log says which value doesn't fit."},

	CodeSTSRefused:        {"AWS refused this role.", "The role's trust policy doesn't let fedbridge in as it asks, or the role doesn't exist under this exact name. Give your administrator the command below: `fedbridge trust check` says what differs, and what the account's owner must change."},
	CodeSTSExpired:        {"AWS says that your identity provider's answer has expired.", "Sign in again, and use the role at once. If it keeps happening, check fedbridge's clock."},
	CodeSTSInvalidProof:   {"AWS could not verify who vouches for you.", "The account's IAM identity provider (issuer or metadata, certificate, client id) isn't what is used today. Give your administrator the command below: `fedbridge trust check` says what differs, and what the account's owner must change."},
	CodeSTSClaimRejected:  {"AWS says that your identity provider rejected or revoked the claim.", "Sign in again. If it happens again, ask the people who run the identity provider."},
	CodeSTSProviderDown:   {"AWS could not reach the identity provider that vouches for you.", "Try again in a minute. If it lasts, your administrator must make the discovery document and the keys of the role's issuer reachable from the Internet; the command below asks AWS once more."},
	CodeSTSPolicy:         {"AWS could not read the session policy of this role.", "Ask your administrator to mend the role's `session_policy`."},
	CodeSTSPacked:         {"Session policy and tags together are larger than AWS accepts.", "Ask your administrator to shorten the role's session policy or tags, or to say which tags may be left out (`optional_tags`)."},
	CodeSTSRegion:         {"AWS STS is switched off in this region for the account.", "Ask the account's owner to activate the region for STS, or your administrator to choose another region."},
	CodeSTSDuration:       {"AWS doesn't allow so long a session for this role.", "Choose a shorter length. The administrator can make `max_session` equal to the role's MaxSessionDuration."},
	CodeSTSChained:        {"AWS allows one hour at most here, because fedbridge runs on temporary credentials.", "Choose one hour or less."},
	CodeSTSInvalidRequest: {"AWS did not accept a value in the request for this role.", "Give your administrator the id below; the log says which value."},
	CodeSTSCredentials:    {"AWS did not accept fedbridge's own credentials.", "Give your administrator the id below: the credentials that fedbridge runs with are wrong, expired, or of another partition."},
	CodeSTSNoCredentials:  {"fedbridge has no AWS credentials of its own, which this role needs.", "Ask your administrator to give fedbridge an instance role, a task role or a profile, or to reach the role in another way (`via`)."},
	CodeSTSClock:          {"AWS says that fedbridge's clock is wrong.", "Give your administrator the id below: the server's clock must be set."},
	CodeSTSThrottled:      {"AWS is answering too many requests right now.", "Wait a minute, then try again."},
	CodeSTSDown:           {"AWS STS doesn't answer right now.", "Try again in a few minutes. Nothing is wrong with your access."},
	CodeSTSWrongRole:      {"The answer from AWS was for another role than the one asked for, so it was thrown away.", "Give your administrator the id below: the configured STS endpoint can't be trusted."},
	CodeSTSAnswer:         {"The answer from AWS held no usable credentials, so it was thrown away.", "Try again. If it happens again, give your administrator the id below; the log says what was wrong with the answer."},
	CodeConsoleRefused:    {"The AWS console's sign-in didn't accept the session.", "Try again, or take the credentials instead. If it keeps happening, give your administrator the id below."},
	CodeConsoleDown:       {"The AWS console's sign-in doesn't answer right now.", "Try again in a few minutes, or take the credentials instead."},
}

// Codes lists every code of the catalogue, sorted.
func Codes() []Code { return slices.Sorted(maps.Keys(catalogue)) }
